import { rowNeighbour, widestChild } from "./layout.ts";
import { type FlameTree, contains } from "./tree.ts";

export type Step = "up" | "down" | "left" | "right" | "first" | "last";

/**
 * Where a key leads from a selected node: up to the caller, down into the callee that costs most,
 * left and right along the row, first and last within the row. Never leaves what is shown: the
 * subtree of `focus` and the nodes above it. Stays where it is at an edge.
 */
export function walk(tree: FlameTree, focus: number, selected: number, step: Step): number {
  switch (step) {
    case "up":
      return tree.parent[selected] < 0 ? selected : tree.parent[selected];
    case "down": {
      if (selected !== focus && contains(tree, selected, focus)) {
        return stepTowards(tree, selected, focus);
      }
      const child = widestChild(tree, selected);
      return child < 0 ? selected : child;
    }
    case "left":
    case "right": {
      const next = rowNeighbour(tree, selected, step === "right" ? 1 : -1);
      return next >= 0 && contains(tree, focus, next) ? next : selected;
    }
    case "first":
    case "last": {
      const direction = step === "last" ? 1 : -1;
      let at = selected;
      if (!contains(tree, focus, selected)) {
        return selected;
      }
      for (;;) {
        const next = rowNeighbour(tree, at, direction);
        if (next < 0 || !contains(tree, focus, next)) {
          return at;
        }
        at = next;
      }
    }
  }
}

/** The child of a node on the way down to one of its descendants. */
function stepTowards(tree: FlameTree, from: number, to: number): number {
  let at = to;
  while (tree.parent[at] !== from) {
    at = tree.parent[at];
  }
  return at;
}
