import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { syntheticTree } from "../dev/machine.ts";
import { type DevServer, startDevServer } from "../dev/server.ts";
import { launch, watchedPage } from "../e2e/browser.ts";

/**
 * How long a person waits for the page: from asking a local server to painted boxes, from a click to
 * the zoomed graph, from a key to the found frames. Prints a table and fails far beyond the bars, so
 * that it can run on a busy machine; the bars themselves are for a quiet one. Run it with
 * `npm run build && npm run bench`.
 */
const SIZES = [
  { nodes: 10_000, names: 1_100, firstPaintMillis: 150 },
  { nodes: 100_000, names: 11_000, firstPaintMillis: 150 },
  { nodes: 1_000_000, names: 57_000, firstPaintMillis: 400 },
];
const LOADS = 7;
const ZOOMS = 30;
const SEARCHES = ["method12", "/Class1[0-9]+/", "module3.Class", "method999", "acme"];
/** How far beyond a bar a busy machine may be. */
const SLACK = 4;

declare global {
  interface Window {
    bench: { painted: number; longest: number; clicked: number[]; typed: number[] };
  }
}

/** Runs in the page before its own scripts. */
function watch(): void {
  const bench = { painted: 0, longest: 0, clicked: [] as number[], typed: [] as number[] };
  window.bench = bench;
  const afterPaint = (then: () => void): void => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.addEventListener("message", then);
      channel.port1.start();
      channel.port2.postMessage(0);
    });
  };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name === "emberscope:drawn" && bench.painted === 0) {
        afterPaint(() => {
          const [asked] = performance.getEntriesByName("emberscope:load");
          bench.painted = performance.now() - asked.startTime;
        });
      }
      if (entry.name === "emberscope:found") {
        const started = bench.typed.pop() ?? 0;
        afterPaint(() => bench.typed.push(performance.now() - started));
      }
    }
  }).observe({ entryTypes: ["mark"] });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      bench.longest = Math.max(bench.longest, entry.duration);
    }
  }).observe({ type: "longtask", buffered: true });
  addEventListener(
    "click",
    () => {
      const started = performance.now();
      afterPaint(() => bench.clicked.push(performance.now() - started));
    },
    true,
  );
  addEventListener("input", () => bench.typed.push(performance.now()), true);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function worst(values: readonly number[]): number {
  return Math.max(...values);
}

const results: Record<string, string | number>[] = [];

describe("the page", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    console.table(results);
  });

  for (const { nodes, names, firstPaintMillis } of SIZES) {
    it(`is quick with ${nodes} nodes`, async () => {
      const server = await startDevServer({
        seed: 1,
        stacksPerService: 1,
        tree: syntheticTree(7, nodes, names),
        nodesMax: nodes,
      });
      try {
        const { painted, longest } = await firstPaints(browser, server);
        const { zooms, searches, heapMegabytes } = await interactions(browser, server);
        results.push({
          nodes,
          "first paint": Math.round(median(painted)),
          "… worst": Math.round(worst(painted)),
          "longest task": Math.round(median(longest)),
          zoom: Number(median(zooms).toFixed(1)),
          "… worst zoom": Number(worst(zooms).toFixed(1)),
          search: Math.round(median(searches)),
          "… worst search": Math.round(worst(searches)),
          "heap MB": heapMegabytes,
        });
        expect(median(painted)).toBeLessThan(SLACK * firstPaintMillis);
        expect(median(zooms)).toBeLessThan(SLACK * 17);
        expect(median(searches)).toBeLessThan(SLACK * 60);
      } finally {
        server.server.close();
      }
    });
  }
});

async function open(browser: Browser, server: DevServer): Promise<Page> {
  const { page } = await watchedPage(browser, server.url);
  await page.addInitScript(watch);
  await page.goto(`${server.url}#refresh=0`);
  await page.waitForFunction(() => window.bench.painted > 0, undefined, { timeout: 60_000 });
  return page;
}

async function firstPaints(
  browser: Browser,
  server: DevServer,
): Promise<{ painted: number[]; longest: number[] }> {
  const painted: number[] = [];
  const longest: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    const page = await open(browser, server);
    await page.waitForTimeout(500);
    painted.push(await page.evaluate(() => window.bench.painted));
    longest.push(await page.evaluate(() => window.bench.longest));
    await page.context().close();
  }
  return { painted, longest };
}

async function interactions(
  browser: Browser,
  server: DevServer,
): Promise<{ zooms: number[]; searches: number[]; heapMegabytes: number }> {
  const page = await open(browser, server);
  await page.waitForTimeout(500);
  const host = page.locator(".flame-host");
  const box = await host.boundingBox();
  if (box === null) {
    throw new Error("flame graph: not on screen");
  }
  for (let zoom = 0; zoom < ZOOMS; zoom++) {
    // Down into a frame, then back to all of it.
    const row = zoom % 2 === 0 ? 4 + (zoom % 5) : 0;
    await page.mouse.click(box.x + box.width * (0.1 + 0.025 * zoom), box.y + row * 20 + 10);
    await page.waitForTimeout(60);
  }
  const zooms = await page.evaluate(() => window.bench.clicked);
  const search = page.getByRole("textbox", { name: "Search functions" });
  const searches: number[] = [];
  for (const text of SEARCHES) {
    await page.evaluate(() => {
      window.bench.typed = [];
    });
    await search.fill(text);
    await page.waitForFunction(
      () => window.bench.typed.length === 1 && window.bench.typed[0] < 10_000,
    );
    await page.waitForTimeout(200);
    searches.push(await page.evaluate(() => window.bench.typed[0]));
  }
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  // What the typed arrays hold is counted apart from the objects.
  const { usedSize, backingStorageSize } = await session.send("Runtime.getHeapUsage");
  await page.context().close();
  const heapMegabytes = Math.round((usedSize + backingStorageSize) / 1e6);
  return { zooms, searches, heapMegabytes };
}
