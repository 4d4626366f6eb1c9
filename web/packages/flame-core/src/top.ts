import type { FlameTree } from "./tree.ts";

/** Self and total of each frame of a tree, as columns indexed like its frame table. */
export interface TopColumns {
  readonly self: Float64Array;
  readonly total: Float64Array;
}

/**
 * Sums by frame over the subtree of a node. A frame that calls itself, at whatever distance, counts
 * once in its total. Hidden nodes are left out, so sums are exact only where nothing is hidden.
 */
export function topOf(tree: FlameTree, root = 0): TopColumns {
  const frames = tree.frames.name.length;
  const self = new Float64Array(frames);
  const total = new Float64Array(frames);
  // For each frame, the end of the outermost open subtree it heads: within, it is not added again.
  const coveredTo = new Int32Array(frames);
  for (let node = root; node < tree.end[root]; node++) {
    if (tree.hidden[node] > 0) {
      continue;
    }
    const frame = tree.frame[node];
    self[frame] += tree.self[node];
    if (node >= coveredTo[frame]) {
      total[frame] += tree.total[node];
      coveredTo[frame] = tree.end[node];
    }
  }
  return { self, total };
}
