/**
 * A flame tree as columns: one entry per node, in pre-order, so that the subtree of node `i` is the
 * range `i` to `end[i]`. The first block of columns is what the server sent; the second is derived
 * from it once, so that drawing, hit testing and walking never search.
 */
export interface FlameTree {
  /** Profile type id, such as `process_cpu:cpu:nanoseconds:cpu:nanoseconds`. */
  readonly type: string;
  /** Unit of all values, such as `nanoseconds`. */
  readonly unit: string;
  /** Start of the time asked for, in milliseconds since the Unix epoch. */
  readonly startMillis: number;
  /** Length of the time asked for, in milliseconds. */
  readonly durationMillis: number;
  /** Number of nodes, at least one: the root. */
  readonly size: number;
  readonly level: Int32Array;
  readonly total: Float64Array;
  readonly self: Float64Array;
  /** Index into `frames`. */
  readonly frame: Int32Array;
  /** For a node that stands for hidden ones: how many. Zero for every other node. */
  readonly hidden: Int32Array;
  /** Index into `files` of the source file of a node; 0 if none is known or there are several. */
  readonly file: Int32Array;
  /** Lowest line of that file which stacks go through in a node, or 0. */
  readonly line: Int32Array;
  /** Highest such line. */
  readonly lastLine: Int32Array;
  /** Whether a node's function was inlined: one of `Inlining`. */
  readonly inlining: Uint8Array;
  readonly files: readonly string[];
  readonly frames: FrameTable;

  /** Where the box of a node begins, in units of value from the left edge of the root. */
  readonly start: Float64Array;
  /** First node after the subtree of a node. */
  readonly end: Int32Array;
  /** Parent of a node; -1 for the root. */
  readonly parent: Int32Array;
  /** All nodes ordered by level and, within a level, from left to right. */
  readonly byLevel: Int32Array;
  /** Where each level begins in `byLevel`; one more entry than there are levels. */
  readonly levelStart: Int32Array;
  /** Number of levels. */
  readonly depth: number;
  /** Sum of the values of all hidden nodes' boxes. */
  readonly hiddenTotal: number;
  /** Sum of the counts of all hidden nodes. */
  readonly hiddenCount: number;
}

/** The distinct frames of a tree, as columns. */
export interface FrameTable {
  readonly name: readonly string[];
  /** Index into `binaries`. */
  readonly binary: Int32Array;
  /** Index into `kinds`. */
  readonly kind: Int32Array;
  /** Index into `buildIds`. */
  readonly buildId: Int32Array;
  readonly binaries: readonly string[];
  readonly kinds: readonly string[];
  readonly buildIds: readonly string[];
}

/** Whether a compiler put a function's code into that of its caller, over all stacks of a node. */
export const Inlining = { None: 0, Some: 1, All: 2 } as const;

/** What a server sends of a tree; see {@link FlameTree} for the meaning of the fields. */
export interface FlameColumns {
  readonly type: string;
  readonly unit: string;
  readonly startMillis: number;
  readonly durationMillis: number;
  readonly level: Int32Array;
  readonly total: Float64Array;
  readonly self: Float64Array;
  readonly frame: Int32Array;
  readonly hidden: Int32Array;
  readonly file: Int32Array;
  readonly line: Int32Array;
  readonly lastLine: Int32Array;
  readonly inlining: Uint8Array;
  readonly files: readonly string[];
  readonly frames: FrameTable;
}

type SourceColumns = Pick<FlameColumns, "file" | "line" | "lastLine" | "inlining" | "files">;

/** The columns of so many nodes of whose source nothing is known. */
export function unknownSources(size: number): SourceColumns {
  return {
    file: new Int32Array(size),
    line: new Int32Array(size),
    lastLine: new Int32Array(size),
    inlining: new Uint8Array(size),
    files: [""],
  };
}

/** The input is not a flame tree; the message names the field, what was found and the rule. */
export class MalformedTreeError extends Error {
  override readonly name = "MalformedTreeError";
}

/**
 * Derives the second block of columns.
 *
 * @throws MalformedTreeError if the levels are not those of a pre-order walk from one root
 */
export function indexTree(columns: FlameColumns): FlameTree {
  const { level, total, hidden } = columns;
  const size = level.length;
  if (size === 0) {
    throw new MalformedTreeError("nodes: 0 (expected: at least the root)");
  }
  const depth = checkedDepth(level);
  const start = new Float64Array(size);
  const end = new Int32Array(size);
  const parent = new Int32Array(size);
  const levelStart = new Int32Array(depth + 1);
  // The node still open on each level, and where its next child's box begins.
  const open = new Int32Array(depth);
  const nextStart = new Float64Array(depth + 1);
  let openLevels = 0;
  let hiddenTotal = 0;
  let hiddenCount = 0;
  for (let node = 0; node < size; node++) {
    const at = level[node];
    while (openLevels > at) {
      end[open[--openLevels]] = node;
    }
    parent[node] = at === 0 ? -1 : open[at - 1];
    start[node] = nextStart[at];
    nextStart[at] += total[node];
    nextStart[at + 1] = start[node];
    open[openLevels++] = node;
    levelStart[at + 1]++;
    if (hidden[node] > 0) {
      hiddenTotal += total[node];
      hiddenCount += hidden[node];
    }
  }
  while (openLevels > 0) {
    end[open[--openLevels]] = size;
  }
  for (let at = 0; at < depth; at++) {
    levelStart[at + 1] += levelStart[at];
  }
  const byLevel = new Int32Array(size);
  const filled = levelStart.slice(0, depth);
  for (let node = 0; node < size; node++) {
    byLevel[filled[level[node]]++] = node;
  }
  return {
    ...columns,
    size,
    start,
    end,
    parent,
    byLevel,
    levelStart,
    depth,
    hiddenTotal,
    hiddenCount,
  };
}

function checkedDepth(level: Int32Array): number {
  if (level[0] !== 0) {
    throw new MalformedTreeError(`level of node 0: ${level[0]} (expected: 0)`);
  }
  let deepest = 0;
  for (let node = 1; node < level.length; node++) {
    const at = level[node];
    if (at < 1 || at > level[node - 1] + 1) {
      throw new MalformedTreeError(
        `level of node ${node}: ${at} (expected: 1 to ${level[node - 1] + 1})`,
      );
    }
    if (at > deepest) {
      deepest = at;
    }
  }
  return deepest + 1;
}

/** The nodes from the root down to a node, both included. */
export function pathTo(tree: FlameTree, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = tree.parent[at]) {
    path.push(at);
  }
  return path.toReversed();
}

/** Whether a node lies in the subtree of another (or is it). */
export function contains(tree: FlameTree, ancestor: number, node: number): boolean {
  return node >= ancestor && node < tree.end[ancestor];
}

/** Kind of frames that are no code but the value of a label that the tree is grouped by. */
export const LABEL_KIND = "label";

/** Whether each frame is more than the value of a label, 1 or 0. */
export function codeFrames(frames: FrameTable): Uint8Array {
  const label = frames.kinds.indexOf(LABEL_KIND);
  return Uint8Array.from(frames.kind, (kind) => (kind === label ? 0 : 1));
}

/** The name to show for a node. */
export function nodeName(tree: FlameTree, node: number): string {
  return tree.frames.name[tree.frame[node]];
}

/** The binary of a node, or an empty text. */
export function nodeBinary(tree: FlameTree, node: number): string {
  return tree.frames.binaries[tree.frames.binary[tree.frame[node]]];
}

/** The kind of code of a node, such as `native`. */
export function nodeKind(tree: FlameTree, node: number): string {
  return tree.frames.kinds[tree.frames.kind[tree.frame[node]]];
}

/** The build id of a node's binary in hex, or an empty text. */
export function nodeBuildId(tree: FlameTree, node: number): string {
  return tree.frames.buildIds[tree.frames.buildId[tree.frame[node]]];
}

/** The source file of a node, or an empty text. */
export function nodeFile(tree: FlameTree, node: number): string {
  return tree.files[tree.file[node]];
}

/** The lines of a node: `42`, `42–57`, or an empty text. */
export function nodeLines(tree: FlameTree, node: number): string {
  const first = tree.line[node];
  const last = tree.lastLine[node];
  return first === 0 ? "" : last > first ? `${first}–${last}` : String(first);
}

/** A place without a name, as it is shown: `libc.so.6+0x1234`, `0x1234`. */
const PLACE_NAME = /^(.*\+)?0x[0-9a-f]{1,16}$/;

/** Whether a function's name is only where its code is in a binary. */
export function isPlaceName(name: string): boolean {
  return PLACE_NAME.test(name);
}
