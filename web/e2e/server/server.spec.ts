import { readFile, writeFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlameTree, decodeTree, indexTree } from "../../packages/flame-core/src/pure.ts";
import { violations } from "../axe.ts";
import { type Watched, launch, watchedPage } from "../browser.ts";
import { detailsName, flameHost, nodeOf, pointOf } from "../flame.ts";
import { pprofTotal } from "../pprof.ts";

/**
 * The page served by a real server with real profiles. What it is told:
 *
 * - `EMBERSCOPE_URL`: the server;
 * - `EMBERSCOPE_SELECTOR`: a selector with data, such as `{service_name="burner"}`;
 * - `EMBERSCOPE_FUNCTIONS`: functions that must be among that data, comma-separated, the costliest
 *   first;
 * - `EMBERSCOPE_FROM`, `EMBERSCOPE_TO` (optional, RFC 3339): a time whose data no longer changes;
 *   without them, the hour up to half a minute ago;
 * - `EMBERSCOPE_PPROF` (optional): where to leave the downloaded profile for other tools.
 */
const SERVER = required("EMBERSCOPE_URL").replace(/\/?$/, "/");
const SELECTOR = required("EMBERSCOPE_SELECTOR");
const FUNCTIONS = required("EMBERSCOPE_FUNCTIONS").split(",");
const TO = process.env["EMBERSCOPE_TO"] ?? new Date(Date.now() - 30_000).toISOString();
const FROM = process.env["EMBERSCOPE_FROM"] ?? new Date(Date.parse(TO) - 3_600_000).toISOString();
const STATE = new URLSearchParams({
  selector: SELECTOR,
  from: FROM,
  to: TO,
  refresh: "0",
  group: "-",
});

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name}: not set (expected: see e2e/server/server.spec.ts)`);
  }
  return value;
}

let browser: Browser;
let tree: FlameTree;

beforeAll(async () => {
  browser = await launch();
  const query = new URLSearchParams({ selector: SELECTOR, from: FROM, to: TO, maxNodes: "65536" });
  const response = await fetch(`${SERVER}api/v1/flamegraph?${query}`);
  if (!response.ok) {
    throw new Error(`flamegraph: ${response.status} ${await response.text()}`);
  }
  tree = indexTree(decodeTree(new Uint8Array(await response.arrayBuffer())));
  if (tree.total[0] === 0) {
    throw new Error(`flamegraph: no samples for ${SELECTOR} from ${FROM} to ${TO}`);
  }
});

afterAll(async () => {
  await browser.close();
});

async function open(state = "", options = {}): Promise<Watched> {
  const watched = await watchedPage(browser, SERVER, options);
  await watched.page.goto(`${SERVER}#${STATE}&${state}`);
  await drawn(watched.page);
  return watched;
}

async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByName("emberscope:drawn").length > 0);
  await page.locator(".table-space .table-row").first().waitFor();
}

async function close({ page, problems, outside }: Watched): Promise<void> {
  expect(problems).toEqual([]);
  expect(outside).toEqual([]);
  await page.context().close();
}

describe("the page on a real server", () => {
  it("is served under a policy that lets nothing in from outside", async () => {
    const response = await fetch(SERVER);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/default-src 'self'/);
    expect(policy).not.toMatch(/unsafe|data:|\*|https?:/);
    const html = await response.text();
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it("shows the functions that ran, in the graph and in the table", async () => {
    const watched = await open();
    const { page } = watched;
    for (const name of FUNCTIONS) {
      const { x, y } = await pointOf(page, tree, nodeOf(tree, name));
      await page.mouse.move(x, y);
      await expect.poll(() => detailsName(page).textContent()).toBe(name);
      await page.getByRole("textbox", { name: "Search functions" }).fill(name);
      await page.locator(".table-name code", { hasText: name }).first().waitFor();
      await page.getByRole("textbox", { name: "Search functions" }).fill("");
    }
    await expect.poll(() => page.locator(".summary-rate").textContent()).toMatch(/^[\d.]+ cores? /);
    await close(watched);
  });

  it("is grouped by service at first", async () => {
    const query = new URLSearchParams({
      name: "service_name",
      selector: SELECTOR,
      from: FROM,
      to: TO,
    });
    const response = await fetch(`${SERVER}api/v1/label-values?${query}`);
    const { values } = (await response.json()) as { values: string[] };
    const watched = await watchedPage(browser, SERVER);
    const { page } = watched;
    const state = new URLSearchParams(STATE);
    state.delete("group");
    await page.goto(`${SERVER}#${state}`);
    await drawn(page);
    await flameHost(page).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(values).toContain(await detailsName(page).textContent());
    await close(watched);
  });

  it("zooms with one click, and its address brings the zoom back", async () => {
    const watched = await open();
    const { page } = watched;
    const [name] = FUNCTIONS;
    const { x, y } = await pointOf(page, tree, nodeOf(tree, name));
    await page.mouse.click(x, y);
    const current = page.locator(".breadcrumb [aria-current]");
    await expect.poll(() => current.textContent()).toBe(name);
    const other = await watchedPage(browser, SERVER);
    await other.page.goto(page.url());
    await drawn(other.page);
    await expect
      .poll(() => other.page.locator(".breadcrumb [aria-current]").textContent())
      .toBe(name);
    await page.keyboard.press("Escape");
    await current.waitFor({ state: "detached" });
    await close(watched);
    await close(other);
  });

  it("finds a function with its share of the total", async () => {
    const [name] = FUNCTIONS;
    const watched = await open(`search=${encodeURIComponent(`"${name}"`)}`);
    const { page } = watched;
    const result = page.locator(".search-result");
    await expect.poll(() => result.textContent()).toMatch(/[\d.]+ % of total/);
    const shown = Number(/([\d.]+) % of total/.exec((await result.textContent()) ?? "")?.[1]);
    const query = new URLSearchParams({ selector: SELECTOR, from: FROM, to: TO, search: name });
    const response = await fetch(`${SERVER}api/v1/top?${query}`);
    const top = (await response.json()) as {
      total: number;
      functions: { name: string; total: number }[];
    };
    const exact = top.functions.find((one) => one.name === name);
    expect(exact).toBeDefined();
    expect(shown).toBeCloseTo((100 * (exact?.total ?? 0)) / top.total, 0);
    await page.keyboard.press("n");
    await expect.poll(() => detailsName(page).textContent()).toBe(name);
    await close(watched);
  });

  it("tells of a chosen function the same sums as of all, and its lines or how to get them", async () => {
    const [name] = FUNCTIONS;
    const watched = await open();
    const { page } = watched;
    await page.locator(".table-name code", { hasText: name }).first().click();
    const pane = page.getByRole("region", { name: `Lines of ${name}` });
    const query = new URLSearchParams({ selector: SELECTOR, from: FROM, to: TO, function: name });
    const response = await fetch(`${SERVER}api/v1/lines?${query}`);
    const table = (await response.json()) as {
      total: number;
      functionTotal: number;
      lines: { line: number }[];
    };
    const share = (100 * table.functionTotal) / table.total;
    await expect.poll(() => pane.locator(".lines-head").textContent()).toMatch(/total [\d.]+ %/);
    const head = (await pane.locator(".lines-head").textContent()) ?? "";
    expect(Number(/total ([\d.]+) %/.exec(head)?.[1])).toBeCloseTo(share, 0);
    const known = table.lines.filter(({ line }) => line > 0);
    if (known.length > 0) {
      expect(await pane.locator("tbody tr:not(.lines-file)").count()).toBe(table.lines.length);
    } else {
      await pane.getByText("No line of this function is known").waitFor();
    }
    await close(watched);
  });

  it("completes selectors from the labels that exist", async () => {
    const watched = await open();
    const { page } = watched;
    const selector = page.getByRole("combobox");
    await selector.fill("service_na");
    await page.getByRole("option", { name: "service_name" }).click();
    const first = page.getByRole("option").first();
    await first.waitFor();
    await expect.poll(() => first.textContent()).toMatch(/service_name$/);
    await first.click();
    await expect.poll(() => selector.inputValue()).toMatch(/^service_name="[^"]+"$/);
    await close(watched);
  });

  it("says in place what is wrong with a selector", async () => {
    const { page } = await open();
    await page.getByRole("combobox").fill("service_name=nonsense");
    await page.getByRole("combobox").press("Enter");
    await page
      .getByRole("alert")
      .filter({ hasText: /^selector: .*expected/ })
      .waitFor();
    await page.context().close();
  });

  it("hands out the same profile as pprof", async () => {
    const watched = await open();
    const [download] = await Promise.all([
      watched.page.waitForEvent("download"),
      watched.page.getByRole("link", { name: "pprof" }).click(),
    ]);
    const bytes = await readFile(await download.path());
    expect(download.suggestedFilename()).toMatch(/\.pb\.gz$/);
    expect(Number(pprofTotal(bytes))).toBe(tree.total[0]);
    const target = process.env["EMBERSCOPE_PPROF"];
    if (target !== undefined) {
      await writeFile(target, bytes);
    }
    await close(watched);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const viewport of [
      { width: 1440, height: 900 },
      { width: 420, height: 900 },
    ]) {
      it(`is usable by everyone: ${colorScheme}, ${viewport.width} pixels wide`, async () => {
        const watched = await open("", { colorScheme, viewport });
        const { page } = watched;
        expect(await page.locator("html").getAttribute("data-theme")).toBe(colorScheme);
        expect(await violations(page)).toEqual([]);
        expect(await flameHost(page).evaluate((host) => host.clientWidth)).toBeGreaterThan(300);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow).toBe(0);
        await close(watched);
      });
    }
  }
});
