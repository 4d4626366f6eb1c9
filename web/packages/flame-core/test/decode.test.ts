import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MalformedTreeError,
  decodeTree,
  indexTree,
  isPlaceName,
  nodeBinary,
  nodeBuildId,
  nodeFile,
  nodeKind,
  nodeLines,
  nodeName,
} from "../src/index.ts";
import golden from "./golden/flamegraph.json";
import { encodeTree } from "./encode.ts";
import { randomSources, randomTree, treeOf } from "./trees.ts";

const SMALL = encodeTree(
  treeOf({
    name: "all",
    children: [
      {
        name: "main",
        self: 1,
        children: [
          { name: "burn", self: 300 },
          { name: "", self: 7, hidden: 12 },
        ],
      },
      { name: "[kernel] idle", self: 2 ** 40 },
    ],
  }),
);

/** The small tree with some bytes replaced from `at` on. */
function damaged(at: number, ...bytes: number[]): Uint8Array {
  const copy = SMALL.slice();
  copy.set(bytes, at);
  return copy;
}

describe("decodeTree", () => {
  it("reads what was written, with a root above it", () => {
    const tree = indexTree(decodeTree(SMALL));
    expect(Array.from({ length: tree.size }, (_, node) => nodeName(tree, node))).toEqual([
      "all",
      "main",
      "burn",
      "",
      "[kernel] idle",
    ]);
    expect(Array.from(tree.level)).toEqual([0, 1, 2, 2, 1]);
    expect(Array.from(tree.self)).toEqual([0, 1, 300, 0, 2 ** 40]);
    expect(Array.from(tree.total)).toEqual([2 ** 40 + 308, 308, 300, 7, 2 ** 40]);
    expect(Array.from(tree.hidden)).toEqual([0, 0, 0, 12, 0]);
    expect(tree.unit).toBe("nanoseconds");
    expect(tree.durationMillis).toBe(10_000);
    expect([tree.hiddenCount, tree.hiddenTotal]).toEqual([12, 7]);
  });

  it("reads an empty tree", () => {
    const tree = indexTree(decodeTree(encodeTree(treeOf({ name: "all" }))));
    expect([tree.size, tree.total[0], tree.depth]).toEqual([1, 0, 1]);
  });

  it("gives back any tree", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 500 }), (seed, size) => {
        const before = { ...randomTree(seed, size), ...randomSources(seed, size) };
        before.self[0] = 0;
        const after = indexTree(decodeTree(encodeTree(before)));
        expect(after.level).toEqual(before.level);
        expect(after.self).toEqual(before.self);
        expect(after.line).toEqual(before.line);
        expect(after.lastLine).toEqual(before.lastLine);
        expect(after.inlining).toEqual(before.inlining);
        for (let node = 1; node < size; node++) {
          expect(after.total[node]).toBe(before.total[node]);
          expect(nodeName(after, node)).toBe(nodeName(before, node));
          expect(nodeFile(after, node)).toBe(nodeFile(before, node));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("reads what the server writes", () => {
    const bytes = Uint8Array.from(atob(golden.bytes), (character) => character.charCodeAt(0));
    const tree = indexTree(decodeTree(bytes));
    const read = Array.from({ length: tree.size - 1 }, (_, at) => ({
      level: tree.level[at + 1] - 1,
      name: nodeName(tree, at + 1),
      total: tree.total[at + 1],
      self: tree.self[at + 1],
      hidden: tree.hidden[at + 1],
      source: `${nodeFile(tree, at + 1)}:${tree.line[at + 1]}-${tree.lastLine[at + 1]}`,
      inlining: tree.inlining[at + 1],
    }));
    const expected = golden.nodes.map((node) => ({
      level: node.level,
      name: node.name,
      // As doubles: some of these are beyond 2^53.
      total: Number(node.total),
      self: Number(node.self),
      hidden: node.hidden,
      source: node.source,
      inlining: node.inlining,
    }));
    expect(read).toEqual(expected);
    expect(read.some(({ hidden }) => hidden > 0)).toBe(true);
    expect(tree.startMillis).toBeCloseTo(1_767_225_600_123.457, 3);
    expect(tree.durationMillis).toBe(10_000);
    const at = (name: string): number => read.findIndex((node) => node.name === name) + 1;
    expect(nodeBinary(tree, at("main"))).toBe("/usr/bin/app");
    expect(nodeKind(tree, at("main"))).toBe("native");
    expect(nodeBuildId(tree, at("main"))).toBe("aa");
    expect([nodeFile(tree, at("outer")), nodeLines(tree, at("outer"))]).toEqual(["a.cc", "42–49"]);
    expect(nodeLines(tree, at("inlined<\"a\" & 'b'>"))).toBe("7");
    expect([nodeFile(tree, at("main")), nodeLines(tree, at("main"))]).toEqual(["", ""]);
  });

  it("refuses every truncation, and any byte added", () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(() => decodeTree(SMALL.subarray(0, length)), `length ${length}`).toThrow(
        MalformedTreeError,
      );
    }
    const longer = new Uint8Array(SMALL.length + 1);
    longer.set(SMALL);
    expect(() => decodeTree(longer)).toThrow("end: 1 bytes more (expected: none)");
  });

  it("says which field is wrong, what it found and the rule", () => {
    expect(() => decodeTree(damaged(0, 0x50))).toThrow("magic: other bytes (expected: EMFG)");
    expect(() => decodeTree(damaged(4, 9))).toThrow("version: 9 (expected: 2)");
    expect(() => decodeTree(damaged(5, 0xff, 0xff, 0x03))).toThrow(/^type: length 65535/);
    expect(() => decodeTree(damaged(5, ...Array<number>(10).fill(0xff)))).toThrow(
      "type: varint too long (expected: at most 10 bytes)",
    );
    expect(() => decodeTree(damaged(6, 0xff))).toThrow("type: (expected: UTF-8)");
  });

  it("believes no count that the input is too short for", () => {
    const header = [0x45, 0x4d, 0x46, 0x47, 2, 0, 0, 0];
    const million = [0xc0, 0x84, 0x3d];
    expect(() => decodeTree(Uint8Array.of(...header, ...million))).toThrow(/^strings: 1000000/);
    expect(() => decodeTree(Uint8Array.of(...header, 1, 0, ...million))).toThrow(
      /^functions: 1000000/,
    );
    expect(() => decodeTree(Uint8Array.of(...header, 1, 0, 0, ...million))).toThrow(
      /^nodes: 1000000/,
    );
    const huge = [0xff, 0xff, 0xff, 0xff, 0x7f];
    expect(() => decodeTree(Uint8Array.of(...header, ...huge))).toThrow(/^strings: 34359738367/);
  });

  it("refuses children of hidden nodes, hidden nodes of none and sums beyond a long", () => {
    const start = [0x45, 0x4d, 0x46, 0x47, 2, 0, 0, 0, 2, 0, 1, 0x66, 1, 1, 0, 0, 0, 0];
    const long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    expect(() => decodeTree(Uint8Array.of(...start, 2, 0, 0, 0, 1, 5, 5, 1, 0))).toThrow(
      "nodes[1]: child of hidden nodes (expected: none)",
    );
    expect(() => decodeTree(Uint8Array.of(...start, 1, 0, 0, 5, 0))).toThrow(/^hidden: 0/);
    expect(() => decodeTree(Uint8Array.of(...start, 2, 0, 1, 1, 1, ...long, ...long))).toThrow(
      "value: sum (expected: below 2^63)",
    );
    expect(() => decodeTree(Uint8Array.of(...start, 1, 0, 3, 5, 0))).toThrow(
      "function: 3 (expected: < 2)",
    );
    expect(() => decodeTree(Uint8Array.of(...start, 1, 1, 1, 5, 0))).toThrow(
      "level: 1 (expected: at most 0)",
    );
  });

  it("refuses sources that cannot be", () => {
    const start = [0x45, 0x4d, 0x46, 0x47, 2, 0, 0, 0, 2, 0, 1, 0x66, 1, 1, 0, 0, 0, 0, 1, 0, 1, 5];
    const decode = (...bytes: number[]): string =>
      JSON.stringify(decodeTree(Uint8Array.of(...start, ...bytes)).files);
    expect(decode(2, 7, 3, 2)).toBe('["","f"]');
    expect(() => decode(3, 7, 3, 2)).toThrow("file: 3 (expected: < 3)");
    expect(() => decode(2, 7, 3, 3)).toThrow("inlining: 3 (expected: < 3)");
    const int = [0xff, 0xff, 0xff, 0xff, 0x07];
    expect(() => decode(2, ...int, 1, 0)).toThrow("lines: 1 (expected: at most 0)");
  });

  it("tells a place in a binary from a name", () => {
    const places = ["libc.so.6+0x1f", "0xffffffffffffffff", "[kernel]+0x10", "a+b+0x1"];
    const names = ["main", "0x", "operator+", "f+0x1g", "0x12345678901234567", "libc+0X1F", ""];
    expect(places.filter(isPlaceName)).toEqual(places);
    expect(names.filter(isPlaceName)).toEqual([]);
  });

  it("throws nothing but MalformedTreeError on any bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(SMALL.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = SMALL.slice();
          for (const [at, value] of changes) {
            bytes[at] = value;
          }
          try {
            indexTree(decodeTree(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedTreeError);
          }
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
