import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Matches,
  exactQuery,
  matchIndex,
  matchNames,
  matchNodes,
  matchedTotal,
  nextMatch,
  parseQuery,
  topOf,
  viewportOf,
  walkMatches,
} from "../src/index.ts";
import { randomTree, treeOf } from "./trees.ts";

const NAMES = ["main", "Main.run", "std::vector<int>::push_back", 'a"b', "читать", "<script>"];

function found(query: string): string[] {
  const flags = matchNames(NAMES, parseQuery(query));
  return NAMES.filter((_, at) => flags[at] === 1);
}

describe("parseQuery and matchNames", () => {
  it("find parts of names whatever their case", () => {
    expect(found("MAIN")).toEqual(["main", "Main.run"]);
    expect(found("vector<int>")).toEqual(["std::vector<int>::push_back"]);
    expect(found("ЧИТ")).toEqual(["читать"]);
  });

  it("find regular expressions between slashes", () => {
    expect(found("/^main$/")).toEqual(["main"]);
    expect(found("/run|push/")).toEqual(["Main.run", "std::vector<int>::push_back"]);
  });

  it("find exactly one name between quotes", () => {
    expect(found('"main"')).toEqual(["main"]);
    expect(found(exactQuery('a"b'))).toEqual(['a"b']);
  });

  it("find nothing without a query", () => {
    expect(found("  ")).toEqual([]);
    expect(found("//")).toEqual([]);
  });

  it("take an unfinished pattern for text, and say what is wrong with a bad one", () => {
    expect(parseQuery("/usr/lib")).toEqual({ kind: "part", text: "/usr/lib" });
    expect(parseQuery("/(/")).toMatchObject({ kind: "invalid" });
    expect(parseQuery(`/${"a".repeat(501)}/`)).toEqual({
      kind: "invalid",
      reason: "pattern: 501 characters (expected: at most 500)",
    });
  });
});

const RECURSIVE = treeOf({
  name: "all",
  children: [
    {
      name: "fib",
      self: 10,
      children: [
        {
          name: "fib",
          self: 20,
          children: [
            { name: "fib", self: 5 },
            { name: "add", self: 5 },
          ],
        },
      ],
    },
    { name: "other", self: 50, children: [{ name: "fib", self: 10 }] },
    { name: "(hidden)", self: 100, hidden: 7 },
  ],
});

function matching(name: string): Matches {
  return matchNodes(RECURSIVE, matchNames(RECURSIVE.frames.name, parseQuery(exactQuery(name))));
}

describe("matchedTotal", () => {
  it("counts a match inside a match once", () => {
    expect(matchedTotal(RECURSIVE, matching("fib"), 0)).toBe(50);
    expect(matching("fib").nodes).toHaveLength(4);
  });

  it("counts all of a subtree whose caller matches", () => {
    expect(matchedTotal(RECURSIVE, matching("fib"), 2)).toBe(30);
    expect(matchedTotal(RECURSIVE, matching("other"), 6)).toBe(10);
    expect(matchedTotal(RECURSIVE, matching("other"), 1)).toBe(0);
  });

  it("never counts the values of labels", () => {
    const tree = treeOf({
      name: "all",
      children: [{ name: "web", children: [{ name: "web_main", self: 3 }] }],
    });
    const web = tree.frames.name.indexOf("web");
    const kind = tree.frames.kind.map((_, frame) => (frame === web ? 1 : 0));
    const grouped = { ...tree, frames: { ...tree.frames, kind, kinds: ["native", "label"] } };
    const matches = matchNodes(grouped, matchNames(grouped.frames.name, parseQuery("web")));
    expect(Array.from(matches.nodes)).toEqual([2]);
  });

  it("never counts what is hidden", () => {
    expect(matching("(hidden)").nodes).toHaveLength(0);
  });

  it("equals the sum over the root paths that hold a match", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 800 }), (seed, size) => {
        const tree = randomTree(seed, size, 20, 10);
        const flags = new Uint8Array(10);
        flags[3] = 1;
        flags[7] = 1;
        const matches = matchNodes(tree, flags);
        let expected = 0;
        for (let node = 0; node < size; node++) {
          for (let at = node; at >= 0; at = tree.parent[at]) {
            if (flags[tree.frame[at]] === 1) {
              expected += tree.self[node];
              break;
            }
          }
        }
        expect(matchedTotal(tree, matches, 0)).toBe(expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe("nextMatch", () => {
  it("goes round in both directions", () => {
    const matches = matching("fib");
    expect(Array.from(matches.nodes)).toEqual([1, 2, 3, 6]);
    expect(nextMatch(matches, -1, 1)).toBe(1);
    expect(nextMatch(matches, 1, 1)).toBe(2);
    expect(nextMatch(matches, 4, 1)).toBe(6);
    expect(nextMatch(matches, 6, 1)).toBe(1);
    expect(nextMatch(matches, 1, -1)).toBe(6);
    expect(nextMatch(matches, 5, -1)).toBe(3);
    expect(nextMatch(matching("nothing"), 3, 1)).toBe(-1);
    expect(matchIndex(matches, 3)).toBe(2);
    expect(matchIndex(matches, 4)).toBe(-1);
  });
});

describe("walkMatches", () => {
  it("gives every match at least the least width, inside the view", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3000 }), (seed, size) => {
        const tree = randomTree(seed, size, 30, 5);
        const flags = new Uint8Array(5);
        flags[1] = 1;
        const matches = matchNodes(tree, flags);
        const width = 300;
        const drawn: { row: number; left: number; right: number }[] = [];
        walkMatches(
          tree,
          matches,
          viewportOf(tree, 0, width, 0, tree.depth),
          2,
          (_, row, left, right) => {
            expect(right - left).toBeGreaterThanOrEqual(2 - 1e-9);
            expect(left).toBeGreaterThanOrEqual(0);
            expect(right).toBeLessThanOrEqual(width + 1e-6);
            drawn.push({ row, left, right });
          },
        );
        const scale = width / tree.total[0];
        for (const node of matches.nodes.filter((at) => tree.total[at] > 0)) {
          const middle = (tree.start[node] + tree.total[node] / 2) * scale;
          const seen = drawn.some(
            (box) =>
              box.row === tree.level[node] && box.left <= middle + 2 && box.right >= middle - 2,
          );
          expect(seen).toBe(true);
        }
        expect(drawn.length).toBeLessThanOrEqual(tree.depth * width);
      }),
      { numRuns: 60 },
    );
  });
});

describe("topOf", () => {
  it("counts recursion once in the total, and leaves out what is hidden", () => {
    const top = topOf(RECURSIVE);
    const of = (name: string): [number, number] => {
      const at = RECURSIVE.frames.name.indexOf(name);
      return [top.self[at], top.total[at]];
    };
    expect(of("fib")).toEqual([45, 50]);
    expect(of("other")).toEqual([50, 60]);
    expect(of("add")).toEqual([5, 5]);
    expect(of("(hidden)")).toEqual([0, 0]);
  });

  it("agrees with the definition within any subtree", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 400 }), (seed, size) => {
        const tree = randomTree(seed, size, 15, 8);
        const root = Math.abs(seed) % size;
        const top = topOf(tree, root);
        for (let frame = 0; frame < 8; frame++) {
          let self = 0;
          let total = 0;
          for (let node = root; node < tree.end[root]; node++) {
            const own = tree.frame[node] === frame;
            self += own ? tree.self[node] : 0;
            let onPath = false;
            for (let at = node; at >= root && !onPath; at = tree.parent[at]) {
              onPath = tree.frame[at] === frame;
            }
            total += onPath ? tree.self[node] : 0;
          }
          expect(top.self[frame]).toBe(self);
          expect(top.total[frame]).toBe(total);
        }
      }),
      { numRuns: 100 },
    );
  });
});
