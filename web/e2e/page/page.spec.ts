import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Place, type Stack, SERVICES, stacksOf, treeOfStacks } from "../../dev/machine.ts";
import { type DevOptions, type DevServer, startDevServer } from "../../dev/server.ts";
import type { FlameTree } from "../../packages/flame-core/src/pure.ts";
import { violations } from "../axe.ts";
import { type Watched, launch, watchedPage } from "../browser.ts";
import { detailsName, flameHost, nodeOf, pointOf } from "../flame.ts";

/**
 * The page in a real browser with made-up data: what needs odd, hostile or absent data, and what
 * must hold at every size and theme. What needs the real server is in `e2e/server`.
 */
const TO = Date.parse("2026-11-25T10:00:00Z");
const FROM = TO - 3_600_000;
const RANGE = "from=2026-11-25T09:00:00Z&to=2026-11-25T10:00:00Z&group=-";
const MACHINE: DevOptions = { seed: 1, stacksPerService: 400 };
/** What hostile names call. */
const CALLS = ["alert(1)", "print()", "document.title='x'", "fetch('//evil.example')"];

let browser: Browser;
const servers: DevServer[] = [];

async function serve(options: DevOptions): Promise<string> {
  const server = await startDevServer(options);
  servers.push(server);
  return server.url;
}

/** The tree that the development server sends for the range. */
function machineTree(extra: readonly Stack[] = []): FlameTree {
  const span = { fromMillis: FROM, toMillis: TO };
  const stacks = SERVICES.flatMap((service, at) =>
    stacksOf(service, MACHINE.seed + 7 * at, MACHINE.stacksPerService, (TO - FROM) * 1e6),
  );
  return treeOfStacks([...stacks, ...extra], 1 << 20, span);
}

async function open(url: string, state = "", options = {}): Promise<Watched> {
  const watched = await watchedPage(browser, url, options);
  await watched.page.goto(`${url}#${RANGE}&${state}`);
  return watched;
}

async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByName("emberscope:drawn").length > 0);
  await page.locator(".table-space .table-row").first().waitFor();
}

/** A hash of what is on the canvas. */
function pixels(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        requestAnimationFrame(() =>
          setTimeout(() => {
            const canvas = document.querySelector<HTMLCanvasElement>(".flame-host canvas");
            const copy = document.createElement("canvas");
            const brush = copy.getContext("2d", { willReadFrequently: true });
            let hash = 0;
            if (canvas && brush) {
              copy.width = canvas.width;
              copy.height = canvas.height;
              brush.drawImage(canvas, 0, 0);
              for (const value of brush.getImageData(0, 0, canvas.width, canvas.height).data) {
                hash = (Math.imul(hash, 31) + value) | 0;
              }
            }
            resolve(hash);
          }),
        );
      }),
  );
}

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
  for (const { server } of servers) {
    server.close();
  }
});

describe("the flame graph", () => {
  it("tells what is under the pointer, and zooms with one click and back", async () => {
    const { page, problems, outside } = await open(await serve(MACHINE));
    await drawn(page);
    const tree = machineTree();
    const node = nodeOf(tree, "postgres_main");
    const { x, y } = await pointOf(page, tree, node);
    await page.mouse.move(x, y);
    await expect.poll(() => detailsName(page).textContent()).toBe("postgres_main");
    const before = await pixels(page);
    await page.mouse.click(x, y);
    const crumbs = page.getByRole("navigation", { name: "Callers of the focused frame" });
    await crumbs.waitFor();
    expect(await crumbs.locator("[aria-current]").textContent()).toBe("postgres_main");
    expect(await pixels(page)).not.toBe(before);
    expect(new URL(page.url()).hash).toContain("focus=");
    await page.keyboard.press("Escape");
    await crumbs.waitFor({ state: "detached" });
    await page.mouse.move(0, 0);
    expect(await pixels(page)).toBe(before);
    await page.goBack();
    await crumbs.waitFor();
    expect([problems, outside]).toEqual([[], []]);
    await page.context().close();
  });

  it("is grouped by service at first, and as one chooses", async () => {
    const url = await serve(MACHINE);
    const { page, problems } = await watchedPage(browser, url);
    await page.goto(url);
    await drawn(page);
    await flameHost(page).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await detailsName(page).textContent()).toBe("checkout");
    await page.getByRole("textbox", { name: "Search functions" }).fill("/^(checkout|_start)$/");
    await expect.poll(() => page.locator(".search-count").textContent()).toBe("5");
    await page.getByRole("button", { name: "Group by service_name" }).click();
    await page.getByRole("button", { name: "nothing", exact: true }).click();
    await expect.poll(() => new URL(page.url()).hash).toContain("group=-");
    await flameHost(page).focus();
    await expect
      .poll(async () => {
        await page.keyboard.press("Escape");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        return detailsName(page).textContent();
      })
      .toBe("_start");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("is walked by keys", async () => {
    const { page, problems } = await open(await serve(MACHINE));
    await drawn(page);
    await flameHost(page).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await detailsName(page).textContent()).toBe("_start");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await detailsName(page).textContent()).toBe("postgres_main");
    expect(await page.locator(".flame-pane .only-spoken").textContent()).toBe("postgres_main");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reset zoom" }).waitFor();
    await page.keyboard.press("Backspace");
    const current = page.locator(".breadcrumb [aria-current]");
    await expect.poll(() => current.textContent()).toBe("__libc_start_main");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("restores the whole view from its address, also with other data", async () => {
    const { page } = await open(await serve(MACHINE), "search=copy_page&color=kind&sort=total");
    await drawn(page);
    await page.getByRole("textbox", { name: "Search functions" }).focus();
    await expect.poll(() => page.locator(".search-result").textContent()).toMatch(/% of total/);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".search-count").textContent()).toMatch(/^1 \/ \d/);
    const focused = await page.locator(".breadcrumb [aria-current]").textContent();
    const hash = new URL(page.url()).hash;
    const other = await serve({ ...MACHINE, stacksPerService: 401 });
    const again = await watchedPage(browser, other);
    await again.page.goto(other + hash);
    await drawn(again.page);
    expect(await again.page.locator(".breadcrumb [aria-current]").textContent()).toBe(focused);
    expect(await again.page.getByRole("textbox").first().inputValue()).toBe("copy_page");
    expect(
      await again.page.getByRole("button", { name: "Kind" }).getAttribute("aria-pressed"),
    ).toBe("true");
    expect(
      await again.page.getByRole("columnheader", { name: "Total" }).getAttribute("aria-sort"),
    ).toBe("descending");
    await page.context().close();
    await again.page.context().close();
  });

  it("says so when the focused frame is gone, and shows its nearest caller", async () => {
    const { page } = await open(await serve(MACHINE));
    await drawn(page);
    const name = (await page.locator(".table-name code").first().textContent()) ?? "";
    await page.locator(".table-space .table-row").first().dblclick();
    await page.locator(".breadcrumb").waitFor();
    await page.goto(`${page.url()}&selector=${encodeURIComponent('{service_name="[kernel]"}')}`);
    await page.reload();
    await page.getByText("is not in this profile; its nearest caller is shown").waitFor();
    expect(name).not.toBe("");
    await page.context().close();
  });

  it("draws hidden frames apart, and asks for more of them on a click", async () => {
    const { page, problems } = await open(await serve({ ...MACHINE, nodesMax: 60 }));
    await drawn(page);
    const span = { fromMillis: FROM, toMillis: TO };
    const stacks = SERVICES.flatMap((service, at) =>
      stacksOf(service, MACHINE.seed + 7 * at, MACHINE.stacksPerService, (TO - FROM) * 1e6),
    );
    const tree = treeOfStacks(stacks, 60, span);
    const hidden = Array.from(tree.hidden).findIndex((count) => count > 0);
    const { x, y } = await pointOf(page, tree, hidden);
    await page.mouse.move(x, y);
    await expect
      .poll(() => detailsName(page).textContent())
      .toMatch(/^[\d,]+ hidden frames, [\d.]+ %$/);
    const [request] = await Promise.all([
      page.waitForRequest((sent) => sent.url().includes("maxNodes=262144")),
      page.mouse.click(x, y),
    ]);
    expect(request.url()).toContain("/api/v1/flamegraph");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("draws stacks of any depth", async () => {
    const places = Array.from({ length: 5_000 }, (_, at) => ({
      name: at === 4_999 ? "bottom" : `recurse${at % 5}`,
      binary: "/srv/deep",
      kind: "native",
    }));
    const { page, problems } = await open(
      await serve({ ...MACHINE, extra: [{ places, value: 1e13 }] }),
    );
    await drawn(page);
    await page.getByRole("textbox", { name: "Search functions" }).fill('"bottom"');
    await page.keyboard.press("Enter");
    await expect.poll(() => detailsName(page).textContent()).toBe("bottom");
    expect(await flameHost(page).evaluate((host) => host.scrollTop)).toBeGreaterThan(95_000);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

describe("the search", () => {
  it("shows the share of all and filters the table", async () => {
    const { page } = await open(await serve(MACHINE));
    await drawn(page);
    await page.keyboard.press("/");
    await page.keyboard.type("/^tcp_|futex/");
    await expect
      .poll(() => page.locator(".search-result").textContent())
      .toMatch(/[\d.]+ % of total/);
    const names = await page.locator(".table-name code").allTextContents();
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !/^tcp_|futex/.test(name))).toEqual([]);
    await page.getByRole("textbox", { name: "Search functions" }).fill("/(/");
    await expect
      .poll(() => page.locator(".search-result").textContent())
      .toMatch(/regular expression/i);
    await page.context().close();
  });

  it("asks the server for functions beyond those that the table has", async () => {
    const { page } = await open(await serve({ ...MACHINE, functionsMax: 20 }));
    await drawn(page);
    const foot = page.locator(".table-foot");
    await expect
      .poll(() => foot.textContent())
      .toMatch(/^20 of the 20 costliest of \d+ functions$/);
    const before = await page.locator(".table-name code").allTextContents();
    await page.getByRole("textbox", { name: "Search functions" }).fill("postgres_main");
    await page.locator(".table-name code", { hasText: "postgres_main" }).waitFor();
    expect(before).not.toContain("postgres_main");
    await expect.poll(() => foot.textContent()).toBe("1 function");
    await page.context().close();
  });

  it("survives a pattern that never ends", async () => {
    const evil: Stack = {
      places: [{ name: `${"a".repeat(60)}!`, binary: "/srv/evil", kind: "native" }],
      value: 1e12,
    };
    const { page } = await open(await serve({ ...MACHINE, extra: [evil] }));
    await drawn(page);
    const box = page.getByRole("textbox", { name: "Search functions" });
    await box.fill("/(a+)+$/");
    await expect
      .poll(() => page.locator(".search-result").textContent(), { timeout: 20_000 })
      .toMatch(/^pattern: too slow/);
    await box.fill("tcp_sendmsg");
    await expect.poll(() => page.locator(".search-result").textContent()).toMatch(/% of total/);
    await page.context().close();
  });
});

describe("hostile names", () => {
  it("stay text wherever they are shown", async () => {
    const known = await harmlessElements();
    const payloads = hostileNames();
    expect(payloads).toHaveLength(300);
    const extra = payloads.map((name, at) => ({
      places: [
        { name: `wrap${at}`, binary: `/srv/${name}`, kind: name },
        { name, binary: `/srv/${name}`, kind: "native" },
      ],
      value: 1e12 + at,
    }));
    const url = await serve({ seed: 1, stacksPerService: 5, extra, labelValues: payloads });
    const { page, problems, outside } = await open(url, "view=both");
    await page.addInitScript(() => {
      for (const name of ["alert", "confirm", "prompt", "print"] as const) {
        window[name] = () => {
          throw new Error("a name ran as script");
        };
      }
    });
    await page.reload();
    await drawn(page);
    for (const panes of ["table", "both"]) {
      await page.getByRole("button", { name: panes === "table" ? "Table" : "Both" }).click();
      const body = page.getByRole("grid", { name: /^Functions/ });
      for (let top = 0; top < payloads.length * 28; top += 500) {
        await body.evaluate((element, to) => {
          element.scrollTop = to;
        }, top);
      }
    }
    // Each shape once: what it would call is nothing to the search.
    for (const name of payloads.slice(0, payloads.length / CALLS.length)) {
      await page.getByRole("textbox", { name: "Search functions" }).fill(`"${name}"`);
      await page.keyboard.press("Enter");
    }
    await page.getByRole("textbox", { name: "Search functions" }).fill("");
    const selector = page.getByRole("combobox");
    await selector.fill("pod=");
    await page.getByRole("option").first().waitFor();
    await page.getByRole("option").nth(3).click();
    await page.locator(".table-space .table-row").first().dblclick();
    await page.locator(".breadcrumb").waitFor();
    const found = await elementNames(page);
    const harmless = await page.evaluate(() => document.title);
    expect(harmless).toMatch(/Emberscope$/);
    expect(found.filter((name) => !known.has(name))).toEqual([]);
    expect(problems.filter((text) => !text.includes("400"))).toEqual([]);
    expect(outside).toEqual([]);
    await page.context().close();
  });
});

/** Kinds of elements that the page has on the same tour through a harmless machine. */
async function harmlessElements(): Promise<Set<string>> {
  const { page } = await open(await serve(MACHINE), "view=both");
  await drawn(page);
  const names = new Set(await elementNames(page));
  const add = async (): Promise<void> => {
    for (const name of await elementNames(page)) {
      names.add(name);
    }
  };
  await page.getByRole("textbox", { name: "Search functions" }).fill("a");
  await page.locator(".table-space .table-row").first().dblclick();
  await page.locator(".breadcrumb").waitFor();
  const host = await flameHost(page).boundingBox();
  await page.mouse.move((host?.x ?? 0) + 30, (host?.y ?? 0) + 30);
  await page.getByRole("combobox").fill("pod=");
  await page.getByRole("option").first().waitFor();
  await add();
  await page.getByRole("textbox", { name: "Search functions" }).fill("");
  await add();
  await page.context().close();
  return names;
}

/** Kinds of elements and of event attributes on the page. */
function elementNames(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found = new Set<string>();
    for (const element of document.querySelectorAll("*")) {
      const events = element.getAttributeNames().filter((name) => name.startsWith("on"));
      found.add(`${element.localName}:${events.join(",")}`);
    }
    return [...found].toSorted();
  });
}

/** What people put into names to have it run: 300 of them. */
function hostileNames(): string[] {
  const shapes: ((call: string) => string)[] = [
    (call) => `<script>${call}</script>`,
    (call) => `<img src=x onerror=${call}>`,
    (call) => `<svg onload=${call}>`,
    (call) => `<svg><script>${call}</script></svg>`,
    (call) => `<iframe srcdoc="<script>${call}</script>">`,
    (call) => `"><script>${call}</script>`,
    (call) => `' onmouseover='${call}`,
    (call) => `" autofocus onfocus="${call}`,
    (call) => `javascript:${call}`,
    (call) => `</title><script>${call}</script>`,
    (call) => `</textarea><script>${call}</script>`,
    (call) => `<details open ontoggle=${call}>`,
    (call) => `<body onload=${call}>`,
    (call) => `<a href="javascript:${call}">x</a>`,
    (call) => `<math><mi//xlink:href="data:x,<script>${call}</script>">`,
    (call) => `<style>@import 'javascript:${call}';</style>`,
    (call) => `<object data="javascript:${call}">`,
    (call) => `<form><button formaction="javascript:${call}">`,
    (call) => `<input onfocus=${call} autofocus>`,
    (call) => `<video><source onerror=${call}></video>`,
    (call) => `{{constructor.constructor('${call}')()}}`,
    (call) => `\${${call}}`,
    (call) => `<!--><script>${call}</script>-->`,
    (call) => `<scr\u0000ipt>${call}</scr\u0000ipt>`,
    (call) => `\u202e<script>${call}</script>`,
  ];
  const wraps: ((text: string) => string)[] = [
    (text) => text,
    (text) => `std::vector<${text}>`,
    (text) => `${text}\n${"long ".repeat(50)}`,
  ];
  return CALLS.flatMap((call) => shapes.flatMap((shape) => wraps.map((wrap) => wrap(shape(call)))));
}

describe("what goes wrong", () => {
  it("is said in place when the selector is wrong, while the last good data stays", async () => {
    const { page } = await open(await serve(MACHINE));
    await drawn(page);
    const selector = page.getByRole("combobox");
    await selector.fill("service_name=oops");
    await selector.press("Enter");
    await page
      .getByRole("alert")
      .filter({ hasText: /^selector: / })
      .waitFor();
    expect(await selector.getAttribute("aria-invalid")).toBe("true");
    expect(await flameHost(page).isVisible()).toBe(true);
    await page.getByRole("button", { name: "Clear the selector" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(0);
    await page.context().close();
  });

  it("is said with what to do when the server is away, and heals", async () => {
    const { page } = await open("http://127.0.0.1:9/", "").catch(() => ({ page: undefined }));
    expect(page).toBeUndefined();
    const url = await serve(MACHINE);
    const watched = await watchedPage(browser, url);
    await watched.page.route("**/api/**", (route) => route.abort());
    await watched.page.goto(`${url}#${RANGE}`);
    const alert = watched.page.getByRole("alert");
    await expect.poll(() => alert.textContent()).toMatch(/does not answer.*\.\/emberscope up/);
    await watched.page.unroute("**/api/**");
    await watched.page.getByRole("button", { name: "Try again" }).click();
    await drawn(watched.page);
    await watched.page.context().close();
  });

  it("is told apart: nothing was ever sent, or nothing in this range", async () => {
    const never = await open(await serve({ ...MACHINE, empty: true }));
    await never.page.getByRole("heading", { name: "No profiles yet" }).waitFor();
    const state = `selector=${encodeURIComponent('{service_name="nobody"}')}`;
    const here = await open(await serve(MACHINE), state);
    await here.page.getByRole("heading", { name: "Nothing was sampled here" }).waitFor();
    await here.page.getByRole("button", { name: "Clear the selector" }).last().click();
    await drawn(here.page);
    await never.page.context().close();
    await here.page.context().close();
  });
});

describe("live refresh", () => {
  it("tells when samples stop coming", async () => {
    const url = await serve({ ...MACHINE, silentMillis: 600_000 });
    const { page } = await watchedPage(browser, url);
    await page.goto(url);
    await drawn(page);
    await page.getByText(/^No new samples for (9|10) min/).waitFor();
    await page.goto(`${url}#${RANGE}`);
    await page.getByText(/^No new samples/).waitFor({ state: "detached" });
    await page.context().close();
  });

  it("goes on by itself, pauses under the pointer and keeps the zoom", async () => {
    const url = await serve(MACHINE);
    const { page } = await watchedPage(browser, url);
    let asked = 0;
    page.on("request", (request) => {
      asked += request.url().includes("/flamegraph?") ? 1 : 0;
    });
    await page.goto(`${url}#refresh=5`);
    await drawn(page);
    await page.getByRole("columnheader", { name: "Total" }).click();
    await page.locator(".table-space .table-row").nth(2).dblclick();
    await page.locator(".breadcrumb").waitFor();
    const focused = await page.locator(".breadcrumb [aria-current]").textContent();
    await page.mouse.move(5, 5);
    const first = asked;
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(first);
    expect(await page.locator(".breadcrumb [aria-current]").textContent()).toBe(focused);
    const box = await flameHost(page).boundingBox();
    await page.mouse.move((box?.x ?? 0) + 50, (box?.y ?? 0) + 10);
    await page.getByRole("button", { name: /^Refresh: Paused/ }).waitFor();
    const paused = asked;
    await page.waitForTimeout(7_000);
    expect(asked).toBe(paused);
    await page.context().close();
  });
});

describe("source lines", () => {
  const APP = "/srv/app/bin/app";
  const BUILD = "9c0ffee9c0ffee9c0ffee9c0ffee9c0ffee9c0ff";
  const WORK =
    "std::map<std::string, std::vector<acme::very::long::Name>>::operator[](std::string const&)";
  const frame = (name: string, more: Partial<Place> = {}): Place => ({
    name,
    binary: APP,
    kind: "native",
    buildId: BUILD,
    ...more,
  });
  const main = frame("main", { file: "/src/main.cc", line: 12 });
  const work = (line: number): Place => frame(WORK, { file: "/src/dir/work.cc", line });
  const hash = frame("hash", { file: "/src/hash.h", line: 7, inlined: true });
  // Much more than the rest of the machine, and with round shares of it.
  const extra: Stack[] = [
    { places: [main, work(30), hash], value: 4e15 },
    { places: [main, work(31)], value: 3e15 },
    { places: [main, frame(WORK)], value: 1e15 },
    { places: [main, frame("app+0x4f0")], value: 1.5e15 },
    { places: [main, frame("app+0x500")], value: 0.5e15 },
    { places: [frame("idle")], value: 1e14 },
  ];
  const OPTIONS: DevOptions = { ...MACHINE, extra };

  it("of a frame are told beneath the graph, and whether it was inlined", async () => {
    const { page, problems } = await open(await serve(OPTIONS));
    await drawn(page);
    const tree = machineTree(extra);
    const details = page.locator(".details-name");
    const over = async (name: string): Promise<string> => {
      const { x, y } = await pointOf(page, tree, nodeOf(tree, name));
      await page.mouse.move(x, y);
      await expect.poll(() => detailsName(page).textContent()).toBe(name);
      return (await details.textContent()) ?? "";
    };
    expect(await over(WORK)).toBe(`${WORK}appwork.cc:30–31native`);
    expect(await over("hash")).toBe("hashapphash.h:7inlinednative");
    expect(await over("app+0x4f0")).toBe("app+0x4f0appbuild id 9c0ffee9c0ffno name knownnative");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("of a chosen function are a table that adds up to it", async () => {
    const { page, problems } = await open(await serve(OPTIONS));
    await drawn(page);
    const row = page.locator(".table-space .table-row", { hasText: "std::map" });
    const shares = (await row.locator(".table-number span").allTextContents()).map(parseFloat);
    await row.click();
    const pane = page.getByRole("region", { name: `Lines of ${WORK}` });
    const rows = pane.locator("tbody tr:not(.lines-file)");
    await expect
      .poll(() => rows.locator("th").allTextContents())
      .toEqual(["30", "31", "not known"]);
    expect(await pane.locator(".lines-file").allTextContents()).toEqual([
      "/src/dir/work.cc",
      "file not known",
    ]);
    const cells = await rows.locator("td span").allTextContents();
    const sum = (column: number): number =>
      cells.reduce((all, text, at) => all + (at % 2 === column ? parseFloat(text) || 0 : 0), 0);
    expect(sum(0)).toBeCloseTo(shares[0] ?? NaN, 0);
    expect(sum(1)).toBeCloseTo(shares[1] ?? NaN, 0);
    expect(await violations(page)).toEqual([]);
    await pane.getByRole("button", { name: "Close the lines" }).click();
    await pane.waitFor({ state: "detached" });
    await page.locator(".table-name code", { hasText: /^hash$/ }).click();
    await page.getByRole("region", { name: "Lines of hash" }).waitFor();
    await row.click();
    await pane.waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("that are not known: the page says how they become known", async () => {
    const { page } = await open(await serve(OPTIONS), "", {
      viewport: { width: 420, height: 900 },
    });
    await drawn(page);
    await page.locator(".table-name code", { hasText: "app+0x4f0" }).click();
    const place = page.getByRole("region", { name: "Lines of app+0x4f0" });
    await expect.poll(() => place.textContent()).toMatch(/No function is known at this place/);
    expect(await place.textContent()).toContain(APP);
    expect(await place.textContent()).toContain(BUILD);
    expect(await place.textContent()).toContain("./emberscope debuginfo upload FILE");
    expect(await place.textContent()).toContain("--debuginfod URL");
    expect(await violations(page)).toEqual([]);
    await page.locator(".table-name code", { hasText: /^idle$/ }).click();
    const idle = page.getByRole("region", { name: "Lines of idle" });
    await expect.poll(() => idle.textContent()).toMatch(/No line of this function is known/);
    await page.getByRole("button", { name: /^Stack quality: .* % unnamed$/ }).click();
    const account = page.getByRole("dialog", { name: /^Stack quality/ });
    await expect.poll(() => account.textContent()).toMatch(/is in code of which no function/);
    expect(await account.locator(".quality-unnamed tbody tr").first().textContent()).toMatch(
      new RegExp(`^app${BUILD}1\\d\\.\\d %2$`),
    );
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });
});

describe("the quality of stacks", () => {
  const place = (name: string, binary: string, kind: string): Stack["places"][number] => ({
    name,
    binary,
    kind,
  });
  const hostile = "<img src=x onerror=alert(1)>";
  const cut: readonly Stack[] = [
    {
      places: [
        place("[truncated: no unwind rule]", "", "unknown"),
        place("encrypt", "/usr/lib/libodd.so", "native"),
      ],
      value: 2e12,
    },
    {
      places: [
        place(`[truncated: ${hostile}]`, "", "unknown"),
        place("deep", "/usr/bin/other", "native"),
      ],
      value: 1e12,
    },
  ];

  for (const colorScheme of ["light", "dark"] as const) {
    it(`${colorScheme}: is told after the rest, with reasons and binaries`, async () => {
      const url = await serve({ ...MACHINE, extra: cut });
      const watched = await watchedPage(browser, url, { colorScheme });
      const { page, problems, outside } = watched;
      const answered: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/stack-quality?")) {
          answered.push("asked for quality");
        }
      });
      page.on("requestfinished", (request) => {
        const question = /api\/v1\/(flamegraph|top|timeseries)\?/.exec(request.url());
        if (question !== null) {
          answered.push(question[1]);
        }
      });
      await page.goto(`${url}#${RANGE}`);
      const line = page.getByRole("button", {
        name: /^Stack quality: \d+\.\d % of stacks whole, [\d.]+ % unnamed$/,
      });
      await line.waitFor();
      expect(answered.slice(0, 3).toSorted()).toEqual(["flamegraph", "timeseries", "top"]);
      expect(answered.slice(3)).toEqual(["asked for quality"]);
      await line.click();
      const account = page.getByRole("dialog", { name: /^Stack quality/ });
      await account.getByText("No unwind table covers this code").waitFor();
      await account.getByText(hostile).waitFor();
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await account.evaluate((all) => all.scrollWidth - all.clientWidth)).toBe(0);
        const option = account.getByText("-fno-omit-frame-pointer;", { exact: true });
        expect(await option.evaluate((one) => one.getClientRects().length)).toBe(1);
        expect((await option.boundingBox())?.height).toBeLessThan(30);
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      const rows = account.getByRole("row");
      expect(await rows.nth(1).getByRole("rowheader").textContent()).toBe("libodd.so");
      expect(await rows.nth(2).getByRole("rowheader").textContent()).toBe("other");
      expect(await rows.nth(1).getByRole("cell").last().textContent()).toBe("100 %");
      expect(await account.locator("img").count()).toBe(0);
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await account.waitFor({ state: "detached" });
      expect([problems, outside]).toEqual([[], []]);
      await page.context().close();
    });
  }

  it("is whole where nothing is cut, and said to be unknown where it is", async () => {
    const url = await serve(MACHINE);
    const { page } = await open(url);
    await page.getByRole("button", { name: "Stack quality: all stacks whole" }).waitFor();
    await page.context().close();
    const watched = await watchedPage(browser, url);
    await watched.page.route("**/stack-quality?*", (route) => route.abort());
    await watched.page.goto(`${url}#${RANGE}`);
    await drawn(watched.page);
    await watched.page.getByText("stacks not judged: no answer").waitFor();
    expect(await watched.page.getByRole("alert").count()).toBe(0);
    await watched.page.context().close();
  });
});

describe("the time range", () => {
  it("is chosen by dragging over the timeline, and given back by the back button", async () => {
    const { page } = await open(await serve(MACHINE));
    await drawn(page);
    const before = new URL(page.url()).hash;
    const box = await page.locator(".timeline").boundingBox();
    const [left, top] = [(box?.x ?? 0) + 300, (box?.y ?? 0) + 30];
    await page.mouse.move(left, top);
    await page.mouse.down();
    await page.mouse.move(left + 150, top, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => new URL(page.url()).hash).not.toBe(before);
    const parameters = new URLSearchParams(new URL(page.url()).hash.slice(1));
    const length =
      Date.parse(parameters.get("to") ?? "") - Date.parse(parameters.get("from") ?? "");
    expect(length / ((3_600_000 * 150) / (box?.width ?? 1))).toBeCloseTo(1, 2);
    await page.getByRole("button", { name: "Back to the previous view" }).click();
    await expect.poll(() => new URL(page.url()).hash).toBe(before);
    await page.context().close();
  });

  it("is completed by labels as one types", async () => {
    const { page } = await open(await serve(MACHINE));
    await drawn(page);
    const selector = page.getByRole("combobox");
    await selector.click();
    await page.getByRole("option", { name: "service_name" }).waitFor();
    await selector.press("ArrowDown");
    await selector.press("Enter");
    await page.getByRole("option", { name: "postgres" }).click();
    await expect.poll(() => selector.inputValue()).toBe('service_name="postgres"');
    await expect.poll(() => new URL(page.url()).hash).toContain("postgres");
    await expect.poll(() => page.title()).toBe('{service_name="postgres"} – Emberscope');
    await page.context().close();
  });
});

describe("everyone can use it", () => {
  const sizes = [
    { name: "wide", viewport: { width: 1440, height: 900 } },
    { name: "narrow", viewport: { width: 420, height: 900 } },
  ];
  for (const colorScheme of ["light", "dark"] as const) {
    for (const { name, viewport } of sizes) {
      it(`${name}, ${colorScheme}: axe finds nothing, nothing is cut off`, async () => {
        const options = { colorScheme, viewport };
        const { page, problems } = await open(await serve(MACHINE), "search=tcp", options);
        await drawn(page);
        expect(await page.locator("html").getAttribute("data-theme")).toBe(colorScheme);
        expect(await violations(page)).toEqual([]);
        await page.getByRole("combobox").click();
        await page.getByRole("option").first().waitFor();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: /^Time range/ }).click();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "Help" }).click();
        expect(await violations(page)).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow).toBe(0);
        expect(problems).toEqual([]);
        await page.context().close();
      });
    }
    it(`${colorScheme}: axe finds nothing on pages without data`, async () => {
      const { page } = await open(await serve({ ...MACHINE, empty: true }), "", { colorScheme });
      await page.getByRole("heading", { name: "No profiles yet" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });
  }

  it("lets a person choose the theme, and keeps the choice", async () => {
    const { page } = await open(await serve(MACHINE), "", { colorScheme: "light" });
    await drawn(page);
    const theme = page.locator("html");
    await page.getByRole("button", { name: "Theme: system" }).click();
    await page.getByRole("button", { name: "Theme: light" }).click();
    expect(await theme.getAttribute("data-theme")).toBe("dark");
    await page.reload();
    expect(await theme.getAttribute("data-theme")).toBe("dark");
    await page.context().close();
  });
});
