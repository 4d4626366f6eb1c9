import type { FlameTree } from "./tree.ts";

/** The part of a tree that is on screen: a range of values spread over a width, and rows. */
export interface Viewport {
  /** Left edge, in units of value. */
  readonly from: number;
  /** Right edge, in units of value. */
  readonly to: number;
  /** Width in pixels of what lies between the edges. */
  readonly width: number;
  /** First row to draw. */
  readonly firstRow: number;
  /** Row after the last one to draw. */
  readonly endRow: number;
}

/** Called for each box, left to right within a row, rows from the top. */
export interface BoxSink {
  /** A node wide enough to be seen, clipped to the viewport. */
  box(node: number, row: number, left: number, right: number): void;
  /** Neighbours too thin to be seen one by one, drawn as one. `node` is the first of them. */
  crowd(node: number, row: number, left: number, right: number): void;
  /** Only neighbours of the same group are drawn as one, so that a crowd has one colour. */
  group(node: number): number;
}

/** The viewport that shows a node and its subtree over the whole width. */
export function viewportOf(
  tree: FlameTree,
  node: number,
  width: number,
  firstRow: number,
  endRow: number,
): Viewport {
  const from = tree.start[node];
  return { from, to: from + tree.total[node], width, firstRow, endRow };
}

/**
 * Walks the boxes of a viewport. The work is bounded by the pixels, not by the nodes: in each row,
 * thin neighbours are skipped by galloping search.
 *
 * @param thinnest width in pixels under which a node joins a crowd
 */
export function walkBoxes(tree: FlameTree, view: Viewport, thinnest: number, sink: BoxSink): void {
  const scale = view.width / (view.to - view.from);
  if (!Number.isFinite(scale) || scale <= 0) {
    return;
  }
  const lastRow = Math.min(view.endRow, tree.depth);
  for (let row = Math.max(0, view.firstRow); row < lastRow; row++) {
    walkRow(tree, view, scale, row, thinnest, sink);
  }
}

function walkRow(
  tree: FlameTree,
  view: Viewport,
  scale: number,
  row: number,
  thinnest: number,
  sink: BoxSink,
): void {
  const { byLevel, start, total } = tree;
  const stop = tree.levelStart[row + 1];
  const step = thinnest / scale;
  let at = firstEndingAfter(tree, row, view.from);
  let crowdNode = -1;
  let crowdLeft = 0;
  let crowdRight = 0;
  let crowdGroup = 0;
  while (at < stop) {
    const node = byLevel[at];
    const begin = start[node];
    if (begin >= view.to) {
      break;
    }
    const finish = begin + total[node];
    const left = Math.max(0, (begin - view.from) * scale);
    let right = Math.min(view.width, (finish - view.from) * scale);
    if (right - left >= thinnest) {
      if (crowdNode >= 0) {
        sink.crowd(crowdNode, row, crowdLeft, crowdRight);
        crowdNode = -1;
      }
      sink.box(node, row, left, right);
      at++;
      continue;
    }
    // Jump over everything that ends within the same sliver of a pixel.
    const next = gallopToEnd(tree, at + 1, stop, begin + step);
    if (next > at + 1) {
      const last = byLevel[next - 1];
      right = Math.min(view.width, (start[last] + total[last] - view.from) * scale);
    }
    const group = sink.group(node);
    if (crowdNode >= 0 && left - crowdRight <= thinnest && group === crowdGroup) {
      crowdRight = Math.max(crowdRight, right);
    } else {
      if (crowdNode >= 0) {
        sink.crowd(crowdNode, row, crowdLeft, crowdRight);
      }
      crowdGroup = group;
      crowdNode = node;
      crowdLeft = left;
      crowdRight = right;
    }
    at = next;
  }
  if (crowdNode >= 0) {
    sink.crowd(crowdNode, row, crowdLeft, crowdRight);
  }
}

/** Position in `byLevel` of the first node of a row that ends after a value. */
export function firstEndingAfter(tree: FlameTree, row: number, value: number): number {
  const { byLevel, start, total, levelStart } = tree;
  let low = levelStart[row];
  let high = levelStart[row + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = byLevel[middle];
    if (start[node] + total[node] > value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** First position from `at` on whose node ends after a value; near ones are found fastest. */
function gallopToEnd(tree: FlameTree, at: number, stop: number, value: number): number {
  const { byLevel, start, total } = tree;
  let low = at;
  let stride = 1;
  let high = at;
  while (high < stop) {
    const node = byLevel[high];
    if (start[node] + total[node] > value) {
      break;
    }
    low = high + 1;
    high += stride;
    stride *= 2;
  }
  high = Math.min(high, stop);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = byLevel[middle];
    if (start[node] + total[node] > value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/**
 * The node under a point, or -1.
 *
 * @param x pixels from the left edge of the viewport
 * @param slack pixels by which a point may miss, so that thin boxes can be hit
 */
export function hitTest(
  tree: FlameTree,
  view: Viewport,
  row: number,
  x: number,
  slack: number,
): number {
  if (row < 0 || row >= tree.depth || x < 0 || x > view.width || !(view.to > view.from)) {
    return -1;
  }
  const perPixel = (view.to - view.from) / view.width;
  const value = view.from + x * perPixel;
  const at = firstEndingAfter(tree, row, value);
  const stop = tree.levelStart[row + 1];
  const reach = slack * perPixel;
  let best = -1;
  let distance = reach;
  if (at < stop) {
    const node = tree.byLevel[at];
    const miss = Math.max(0, tree.start[node] - value);
    if (miss <= distance && tree.start[node] < view.to) {
      best = node;
      distance = miss;
    }
  }
  if (best < 0 || distance > 0) {
    const before = at - 1;
    if (before >= tree.levelStart[row]) {
      const node = tree.byLevel[before];
      const end = tree.start[node] + tree.total[node];
      const miss = value - end;
      if (miss <= distance && miss >= 0 && end > view.from) {
        best = node;
      }
    }
  }
  return best;
}

/** The child whose box is widest; the first of equals; -1 for a leaf. */
export function widestChild(tree: FlameTree, node: number): number {
  let best = -1;
  let most = -1;
  for (let child = node + 1; child < tree.end[node]; child = tree.end[child]) {
    if (tree.total[child] > most) {
      most = tree.total[child];
      best = child;
    }
  }
  return best;
}

/** The next node to the right (+1) or left (-1) in the same row, or -1 at the edge. */
export function rowNeighbour(tree: FlameTree, node: number, direction: 1 | -1): number {
  const row = tree.level[node];
  const low = tree.levelStart[row];
  const at = positionInRow(tree, node) + direction;
  return at < low || at >= tree.levelStart[row + 1] ? -1 : tree.byLevel[at];
}

/** Where a node stands in `byLevel`: nodes of a row are in pre-order, hence ascending. */
function positionInRow(tree: FlameTree, node: number): number {
  const row = tree.level[node];
  let low = tree.levelStart[row];
  let high = tree.levelStart[row + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tree.byLevel[middle] < node) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Pixels that a revealed node is given at least. */
const REVEALED_WIDTH_MIN = 24;

/**
 * The node that should fill the width so that another one is seen: the present one if that will do,
 * else the nearest common caller, else the outermost caller within which it is wide enough.
 */
export function revealFocus(tree: FlameTree, focus: number, node: number, width: number): number {
  let at = focus;
  while (node < at || node >= tree.end[at]) {
    at = tree.parent[at];
  }
  if (tree.total[node] * width >= REVEALED_WIDTH_MIN * tree.total[at]) {
    return at;
  }
  let best = node;
  for (let above = node; above !== at && above >= 0; above = tree.parent[above]) {
    if (tree.total[node] * width >= REVEALED_WIDTH_MIN * tree.total[above]) {
      best = above;
    }
  }
  return best;
}
