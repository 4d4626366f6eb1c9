import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FlameTree,
  MalformedTreeError,
  hitTest,
  indexTree,
  nodeName,
  pathTo,
  revealFocus,
  rowNeighbour,
  viewportOf,
  walkBoxes,
  walk,
  widestChild,
} from "../src/index.ts";
import { randomTree, treeOf } from "./trees.ts";

const BURNER = treeOf({
  name: "all",
  children: [
    {
      name: "main",
      children: [
        { name: "burn60", self: 60 },
        { name: "burn30", self: 30 },
      ],
    },
    { name: "idle", self: 5 },
    { name: "irq", children: [{ name: "softirq", self: 5 }] },
  ],
});

interface Box {
  name: string;
  node: number;
  row: number;
  left: number;
  right: number;
  crowd: boolean;
}

function boxes(tree: FlameTree, focus: number, width: number, thinnest = 0.5): Box[] {
  const found: Box[] = [];
  const sink =
    (crowd: boolean) =>
    (node: number, row: number, left: number, right: number): void => {
      found.push({ name: nodeName(tree, node), node, row, left, right, crowd });
    };
  walkBoxes(tree, viewportOf(tree, focus, width, 0, tree.depth), thinnest, {
    box: sink(false),
    crowd: sink(true),
    group: () => 0,
  });
  return found;
}

describe("indexTree", () => {
  it("derives starts, ends, parents and rows", () => {
    expect(Array.from(BURNER.start)).toEqual([0, 0, 0, 60, 90, 95, 95]);
    expect(Array.from(BURNER.end)).toEqual([7, 4, 3, 4, 5, 7, 7]);
    expect(Array.from(BURNER.parent)).toEqual([-1, 0, 1, 1, 0, 0, 5]);
    expect(Array.from(BURNER.byLevel)).toEqual([0, 1, 4, 5, 2, 3, 6]);
    expect(Array.from(BURNER.levelStart)).toEqual([0, 1, 4, 7]);
  });

  it("agrees with a walk that knows no tricks", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, size) => {
        const tree = randomTree(seed, size, 12);
        for (let node = 0; node < size; node++) {
          let end = node + 1;
          while (end < size && tree.level[end] > tree.level[node]) {
            end++;
          }
          expect(tree.end[node]).toBe(end);
          let parent = node - 1;
          while (parent >= 0 && tree.level[parent] >= tree.level[node]) {
            parent--;
          }
          expect(tree.parent[node]).toBe(parent);
          expect(pathTo(tree, node)).toHaveLength(tree.level[node] + 1);
          let children = 0;
          for (let child = node + 1; child < end; child = tree.end[child]) {
            children += tree.total[child];
          }
          expect(children + tree.self[node]).toBe(tree.total[node]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("refuses levels that no tree has", () => {
    for (const level of [[], [1], [0, 0], [0, 2], [0, 1, 3], [0, 1, -1]]) {
      const columns = { ...BURNER, level: Int32Array.from(level) };
      expect(() => indexTree(columns), String(level)).toThrow(MalformedTreeError);
    }
  });
});

describe("walkBoxes", () => {
  it("draws the golden layout", () => {
    expect(boxes(BURNER, 0, 1000).map((box) => [box.name, box.row, box.left, box.right])).toEqual([
      ["all", 0, 0, 1000],
      ["main", 1, 0, 900],
      ["idle", 1, 900, 950],
      ["irq", 1, 950, 1000],
      ["burn60", 2, 0, 600],
      ["burn30", 2, 600, 900],
      ["softirq", 2, 950, 1000],
    ]);
  });

  it("gives a focused node and all above it the whole width", () => {
    expect(boxes(BURNER, 3, 600).map((box) => [box.name, box.row, box.left, box.right])).toEqual([
      ["all", 0, 0, 600],
      ["main", 1, 0, 600],
      ["burn30", 2, 0, 600],
    ]);
  });

  it("never lets children be wider than their parent, nor boxes of a row overlap", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 1600 }),
        (seed, size, width) => {
          const tree = randomTree(seed, size);
          const drawn = boxes(tree, 0, width);
          const byNode = new Map(drawn.map((box) => [box.node, box]));
          for (const [at, box] of drawn.entries()) {
            expect(box.left).toBeGreaterThanOrEqual(0);
            expect(box.right).toBeLessThanOrEqual(width + 1e-6);
            const next = drawn[at + 1];
            if (next !== undefined && next.row === box.row) {
              expect(next.left).toBeGreaterThanOrEqual(box.right - 1e-6);
            }
            const above = box.crowd ? undefined : byNode.get(tree.parent[box.node]);
            if (above !== undefined && !above.crowd) {
              expect(box.left).toBeGreaterThanOrEqual(above.left - 1e-6);
              expect(box.right).toBeLessThanOrEqual(above.right + 1e-6);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("draws every node that is wide enough, and covers the others by crowds", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3000 }), (seed, size) => {
        const tree = randomTree(seed, size);
        const width = 400;
        const thinnest = 0.5;
        const drawn = boxes(tree, 0, width, thinnest);
        const scale = width / tree.total[0];
        for (let node = 0; node < size && tree.total[0] > 0; node++) {
          const left = tree.start[node] * scale;
          const wide = tree.total[node] * scale;
          const own = drawn.find((box) => !box.crowd && box.node === node);
          if (wide >= thinnest) {
            expect(own?.left).toBeCloseTo(left, 6);
          } else {
            expect(own).toBeUndefined();
            if (wide > 0) {
              const covered = drawn.some(
                (box) =>
                  box.row === tree.level[node] &&
                  box.crowd &&
                  box.left <= left + 1e-6 &&
                  box.right >= left + wide - 1e-6,
              );
              expect(covered).toBe(true);
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("does work bounded by pixels for one parent with a million children", () => {
    const children = 1_000_000;
    const level = new Int32Array(children + 1).fill(1);
    level[0] = 0;
    const total = new Float64Array(children + 1).fill(1);
    total[0] = children;
    const tree = indexTree({
      ...BURNER,
      level,
      total,
      self: total.slice(),
      frame: new Int32Array(children + 1),
      hidden: new Int32Array(children + 1),
    });
    expect(boxes(tree, 0, 1400)).toHaveLength(2);
  });

  it("keeps crowds of different groups apart", () => {
    const children = Array.from({ length: 10_000 }, (_, at) => ({ name: `f${at}`, self: 1 }));
    const tree = treeOf({ name: "all", children });
    const crowds: [number, number, number][] = [];
    walkBoxes(tree, viewportOf(tree, 0, 100, 1, 2), 0.5, {
      box: () => expect.unreachable("every node is thin"),
      crowd: (node, _, left, right) => crowds.push([node <= 5000 ? 0 : 1, left, right]),
      group: (node) => (node <= 5000 ? 0 : 1),
    });
    expect(crowds.map(([group]) => group)).toEqual([0, 1]);
    expect(crowds[0][1]).toBe(0);
    expect(crowds[0][2]).toBeCloseTo(50, 0);
    expect(crowds[1][2]).toBe(100);
  });

  it("draws nothing of a tree without values", () => {
    expect(boxes(treeOf({ name: "all" }), 0, 800)).toEqual([]);
  });
});

describe("hitTest", () => {
  it("finds the drawn box under a point, and only it", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 1500 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, size, where) => {
          const tree = randomTree(seed, size);
          const width = 900;
          const view = viewportOf(tree, 0, width, 0, tree.depth);
          const scale = width / tree.total[0];
          for (let row = 0; row < tree.depth && tree.total[0] > 0; row++) {
            const x = where * (width - 1e-6);
            let expected = -1;
            for (let node = 0; node < size; node++) {
              const left = tree.start[node] * scale;
              const right = (tree.start[node] + tree.total[node]) * scale;
              if (tree.level[node] === row && left <= x && x < right) {
                expected = node;
              }
            }
            const hit = hitTest(tree, view, row, x, 0);
            if (hit !== expected) {
              // On an edge, rounding may choose either side.
              const edge = [hit, expected].some(
                (node) =>
                  node >= 0 &&
                  (Math.abs(tree.start[node] * scale - x) < 1e-6 ||
                    Math.abs((tree.start[node] + tree.total[node]) * scale - x) < 1e-6),
              );
              expect(edge, `row ${row} x ${x}: ${hit} instead of ${expected}`).toBe(true);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lets a point miss a thin box by its slack", () => {
    const tree = treeOf({
      name: "all",
      self: 999_000,
      children: [{ name: "thin", self: 1000 }],
    });
    const view = viewportOf(tree, 0, 1000, 0, 2);
    expect(hitTest(tree, view, 1, 0.5, 0)).toBe(1);
    expect(hitTest(tree, view, 1, 2.5, 0)).toBe(-1);
    expect(hitTest(tree, view, 1, 2.5, 2)).toBe(1);
    expect(hitTest(tree, view, 1, 3.5, 2)).toBe(-1);
  });

  it("finds nothing outside", () => {
    const view = viewportOf(BURNER, 0, 100, 0, 3);
    expect(hitTest(BURNER, view, -1, 5, 2)).toBe(-1);
    expect(hitTest(BURNER, view, 3, 5, 2)).toBe(-1);
    expect(hitTest(BURNER, view, 0, 101, 2)).toBe(-1);
  });
});

describe("walking by keys", () => {
  const at = (name: string): number => BURNER.frame.indexOf(BURNER.frames.name.indexOf(name));

  it("goes to caller, costliest callee and neighbours", () => {
    expect(widestChild(BURNER, 0)).toBe(at("main"));
    expect(walk(BURNER, 0, at("main"), "down")).toBe(at("burn60"));
    expect(walk(BURNER, 0, at("burn60"), "right")).toBe(at("burn30"));
    expect(walk(BURNER, 0, at("burn30"), "right")).toBe(at("softirq"));
    expect(walk(BURNER, 0, at("softirq"), "right")).toBe(at("softirq"));
    expect(walk(BURNER, 0, at("softirq"), "first")).toBe(at("burn60"));
    expect(walk(BURNER, 0, at("burn60"), "last")).toBe(at("softirq"));
    expect(walk(BURNER, 0, at("burn60"), "up")).toBe(at("main"));
    expect(walk(BURNER, 0, 0, "up")).toBe(0);
    expect(rowNeighbour(BURNER, 0, 1)).toBe(-1);
  });

  it("stays within what is focused, and leads back into it from above", () => {
    const main = at("main");
    expect(walk(BURNER, main, at("burn30"), "right")).toBe(at("burn30"));
    expect(walk(BURNER, main, at("burn60"), "last")).toBe(at("burn30"));
    expect(walk(BURNER, at("burn30"), 0, "down")).toBe(main);
    expect(walk(BURNER, at("burn30"), main, "down")).toBe(at("burn30"));
  });
});

describe("revealFocus", () => {
  it("keeps the focus where the node is wide enough, else narrows or widens it", () => {
    const tree = treeOf({
      name: "all",
      self: 1_000_000,
      children: [
        {
          name: "outer",
          self: 900,
          children: [{ name: "inner", self: 90, children: [{ name: "leaf", self: 10 }] }],
        },
        { name: "other", self: 500_000 },
      ],
    });
    const leaf = 3;
    expect(revealFocus(tree, 0, 4, 1000)).toBe(0);
    expect(revealFocus(tree, 0, leaf, 1000)).toBe(2);
    expect(revealFocus(tree, 0, leaf, 10_000)).toBe(1);
    expect(revealFocus(tree, 1, 4, 1000)).toBe(0);
    expect(revealFocus(tree, leaf, leaf, 1000)).toBe(leaf);
  });
});
