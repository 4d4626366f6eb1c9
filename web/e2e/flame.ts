import type { Page } from "playwright-core";
import { type FlameTree, nodeName } from "../packages/flame-core/src/pure.ts";

const ROW_HEIGHT = 20;

/** The element that the flame graph is drawn in. */
export function flameHost(page: Page): ReturnType<Page["locator"]> {
  return page.locator(".flame-host");
}

/** The node of a name with most value; an error if there is none. */
export function nodeOf(tree: FlameTree, name: string): number {
  let best = -1;
  for (let node = 1; node < tree.size; node++) {
    if (nodeName(tree, node) === name && (best < 0 || tree.total[node] > tree.total[best])) {
      best = node;
    }
  }
  if (best < 0) {
    throw new Error(`${name}: no such node in the tree`);
  }
  return best;
}

/** The middle of a node's box while nothing is zoomed, scrolled into sight if need be. */
export async function pointOf(
  page: Page,
  tree: FlameTree,
  node: number,
): Promise<{ x: number; y: number }> {
  const host = flameHost(page);
  const row = tree.level[node] * ROW_HEIGHT;
  await host.evaluate((element, top) => {
    element.scrollTop = Math.max(0, top - 100);
  }, row);
  const scrollTop = await host.evaluate((element) => element.scrollTop);
  const width = await host.evaluate((element) => element.clientWidth);
  const box = await host.boundingBox();
  if (box === null) {
    throw new Error("flame graph: not on screen");
  }
  const middle = (tree.start[node] + tree.total[node] / 2) / tree.total[0];
  return { x: box.x + middle * width, y: box.y + row - scrollTop + ROW_HEIGHT / 2 };
}

/** The name that the details beneath the graph show. */
export function detailsName(page: Page): ReturnType<Page["locator"]> {
  return page.locator(".details-name code");
}
