import { type FlameTree, codeFrames } from "./tree.ts";

/** A search as typed: part of a name, `/a regular expression/`, or `"exactly this name"`. */
export type Query =
  | { readonly kind: "none" }
  | { readonly kind: "part"; readonly text: string }
  | { readonly kind: "exact"; readonly name: string }
  | { readonly kind: "pattern"; readonly pattern: RegExp }
  | { readonly kind: "invalid"; readonly reason: string };

const PATTERN_LENGTH_MAX = 500;

/** Reads a search. Case never matters, but in an exact name. */
export function parseQuery(text: string): Query {
  const trimmed = text.trim();
  if (trimmed === "") {
    return { kind: "none" };
  }
  if (trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"')) {
    return { kind: "exact", name: trimmed.slice(1, -1) };
  }
  if (!trimmed.startsWith("/") || trimmed.length < 2 || !trimmed.endsWith("/")) {
    return { kind: "part", text: trimmed.toLowerCase() };
  }
  const source = trimmed.slice(1, -1);
  if (source === "") {
    return { kind: "none" };
  }
  if (source.length > PATTERN_LENGTH_MAX) {
    return {
      kind: "invalid",
      reason: `pattern: ${source.length} characters (expected: at most ${PATTERN_LENGTH_MAX})`,
    };
  }
  try {
    return { kind: "pattern", pattern: new RegExp(source, "i") };
  } catch (error) {
    return { kind: "invalid", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The search that finds exactly this name. */
export function exactQuery(name: string): string {
  return `"${name}"`;
}

/** Which names a query matches: 1 or 0 for each. */
export function matchNames(names: readonly string[], query: Query): Uint8Array {
  const flags = new Uint8Array(names.length);
  switch (query.kind) {
    case "none":
    case "invalid":
      return flags;
    case "exact":
      for (let index = 0; index < names.length; index++) {
        flags[index] = names[index] === query.name ? 1 : 0;
      }
      return flags;
    case "part":
      for (let index = 0; index < names.length; index++) {
        flags[index] = names[index].toLowerCase().includes(query.text) ? 1 : 0;
      }
      return flags;
    case "pattern":
      for (let index = 0; index < names.length; index++) {
        flags[index] = query.pattern.test(names[index]) ? 1 : 0;
      }
      return flags;
  }
}

/** The nodes that a search found. */
export interface Matches {
  /** 1 for each node that matches. */
  readonly flags: Uint8Array;
  /** Nodes that match, in pre-order. */
  readonly nodes: Int32Array;
  /** Nodes that match, ordered as `byLevel` of the tree. */
  readonly byLevel: Int32Array;
  /** Where each level begins in `byLevel`. */
  readonly levelStart: Int32Array;
}

/**
 * The nodes whose frame is flagged. Hidden nodes never match, as what they hold is not known, nor do
 * values of labels, which are no functions.
 */
export function matchNodes(tree: FlameTree, frameFlags: Uint8Array): Matches {
  const flags = new Uint8Array(tree.size);
  const levelStart = new Int32Array(tree.depth + 1);
  const code = codeFrames(tree.frames);
  let count = 0;
  for (let node = 0; node < tree.size; node++) {
    const frame = tree.frame[node];
    if (frameFlags[frame] !== 0 && code[frame] !== 0 && tree.hidden[node] === 0) {
      flags[node] = 1;
      levelStart[tree.level[node] + 1]++;
      count++;
    }
  }
  for (let row = 0; row < tree.depth; row++) {
    levelStart[row + 1] += levelStart[row];
  }
  const nodes = new Int32Array(count);
  const byLevel = new Int32Array(count);
  const filled = levelStart.slice(0, tree.depth);
  let at = 0;
  for (let node = 0; at < count; node++) {
    if (flags[node] !== 0) {
      nodes[at++] = node;
      byLevel[filled[tree.level[node]]++] = node;
    }
  }
  return { flags, nodes, byLevel, levelStart };
}

/**
 * The value under matches within a subtree. A match inside another is not added again; if the root
 * of the subtree or something above it matches, all of the subtree does.
 */
export function matchedTotal(tree: FlameTree, matches: Matches, root: number): number {
  for (let above = tree.parent[root]; above >= 0; above = tree.parent[above]) {
    if (matches.flags[above] !== 0) {
      return tree.total[root];
    }
  }
  const { nodes } = matches;
  let sum = 0;
  let at = lowerBound(nodes, root);
  let free = root;
  for (; at < nodes.length && nodes[at] < tree.end[root]; at++) {
    const node = nodes[at];
    if (node >= free) {
      sum += tree.total[node];
      free = tree.end[node];
    }
  }
  return sum;
}

/**
 * Walks matched boxes of a viewport, each at least `widthMin` pixels wide; matches too close to be
 * told apart are given once. Work is bounded by the pixels as in `walkBoxes`.
 */
export function walkMatches(
  tree: FlameTree,
  matches: Matches,
  view: { from: number; to: number; width: number; firstRow: number; endRow: number },
  widthMin: number,
  box: (node: number, row: number, left: number, right: number) => void,
): void {
  const scale = view.width / (view.to - view.from);
  if (!Number.isFinite(scale) || scale <= 0) {
    return;
  }
  const { start, total } = tree;
  const { byLevel } = matches;
  for (let row = Math.max(0, view.firstRow); row < Math.min(view.endRow, tree.depth); row++) {
    const stop = matches.levelStart[row + 1];
    let at = firstMatch(tree, byLevel, matches.levelStart[row], stop, view.from);
    while (at < stop) {
      const node = byLevel[at];
      if (start[node] >= view.to) {
        break;
      }
      let left = Math.max(0, (start[node] - view.from) * scale);
      let right = Math.min(view.width, (start[node] + total[node] - view.from) * scale);
      if (right - left < widthMin) {
        left = Math.max(0, Math.min(left, view.width - widthMin));
        right = left + widthMin;
        at = firstMatch(tree, byLevel, at + 1, stop, view.from + right / scale);
      } else {
        at++;
      }
      box(node, row, left, right);
    }
  }
}

function firstMatch(
  tree: FlameTree,
  byLevel: Int32Array,
  from: number,
  to: number,
  value: number,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = byLevel[middle];
    if (tree.start[node] + tree.total[node] > value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** The match after (+1) or before (-1) a node in pre-order, going round; -1 if there is none. */
export function nextMatch(matches: Matches, node: number, direction: 1 | -1): number {
  const { nodes } = matches;
  if (nodes.length === 0) {
    return -1;
  }
  const at = lowerBound(nodes, node);
  if (direction === 1) {
    const after = at < nodes.length && nodes[at] === node ? at + 1 : at;
    return nodes[after % nodes.length];
  }
  return nodes[(at - 1 + nodes.length) % nodes.length];
}

/** Place of a node among the matches, from 0; -1 if it is none. */
export function matchIndex(matches: Matches, node: number): number {
  const at = lowerBound(matches.nodes, node);
  return at < matches.nodes.length && matches.nodes[at] === node ? at : -1;
}

function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
