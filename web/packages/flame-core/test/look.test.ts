import { describe, expect, it } from "vitest";
import {
  type FlameTree,
  contrast,
  cutMeasured,
  cutPlain,
  frameFills,
  isPlain,
  labelOf,
  legendOf,
  paletteOf,
  pathAddress,
  resolveAddress,
  visibleText,
} from "../src/index.ts";
import { treeOf } from "./trees.ts";

describe("palettes", () => {
  for (const theme of ["light", "dark"] as const) {
    it(`of the ${theme} theme keep text readable on every fill`, () => {
      const palette = paletteOf(theme);
      const pairs: [string, string][] = [
        ...palette.fills.map((fill, at): [string, string] => [fill, palette.inks[at]]),
        [palette.dimmed, palette.dimmedInk],
        [palette.match, palette.matchInk],
        [palette.above, palette.aboveInk],
        [palette.hidden, palette.hiddenInk],
        [palette.hiddenLine, palette.hiddenInk],
      ];
      for (const [fill, ink] of pairs) {
        const least = fill === palette.hiddenLine ? 3 : 4.5;
        expect(contrast(fill, ink), `${ink} on ${fill}`).toBeGreaterThanOrEqual(least);
      }
      expect(contrast(palette.hover, palette.background)).toBeGreaterThan(7);
    });

    it(`of the ${theme} theme set matches apart from everything else`, () => {
      const palette = paletteOf(theme);
      expect(contrast(palette.match, palette.dimmed)).toBeGreaterThan(2.5);
    });
  }

  it("give the same frame the same colour in other data", () => {
    const names = ["a", "b", "c"];
    const table = (order: number[]): FlameTree["frames"] => ({
      name: order.map((at) => names[at]),
      binary: Int32Array.from(order),
      kind: new Int32Array(3),
      buildId: new Int32Array(3),
      buildIds: [""],
      binaries: ["libc.so.6", "app", "[kernel]"],
      kinds: ["native"],
    });
    const one = frameFills(table([0, 1, 2]), "binary");
    const other = frameFills({ ...table([2, 0, 1]) }, "binary");
    expect([other[1], other[2], other[0]]).toEqual(Array.from(one));
  });

  it("explain themselves, costliest first", () => {
    const items = [
      { binary: "/usr/bin/app", kind: "native", self: 5 },
      { binary: "[kernel]", kind: "kernel", self: 30 },
      { binary: "[nf_tables]", kind: "kernel", self: 1 },
      { binary: "/opt/app", kind: "native", self: 4 },
      { binary: "/lib/idle.so", kind: "native", self: 0 },
    ];
    const byBinary = legendOf(items, "binary", 9);
    expect(byBinary.map(({ label, self }) => [label, self])).toEqual([
      ["[kernel]", 30],
      ["app", 9],
      ["[nf_tables]", 1],
    ]);
    expect(byBinary[0].fill).toBe(byBinary[2].fill);
    expect(legendOf(items, "kind", 1)).toEqual([
      { label: "kernel", fill: byBinary[0].fill, self: 31 },
    ]);
  });
});

describe("texts on boxes", () => {
  it("are cut by cells", () => {
    expect(cutPlain("burn_sixty", 10)).toBe("burn_sixty");
    expect(cutPlain("burn_sixty", 9)).toBe("burn_six…");
    expect(cutPlain("burn_sixty", 2)).toBe("");
  });

  it("keep the end of a name that is a path, and the start of any other", () => {
    expect(cutPlain("com.acme.cart.CartService.add", 16)).toBe("…CartService.add");
    expect(cutPlain("com.acme.cart.CartService.add", 15)).toBe("…add");
    expect(cutPlain("cart.views:add_item", 9)).toBe("…add_item");
    expect(cutPlain("cart.views:add_item", 8)).toBe("add_item");
    expect(cutPlain("cart.views:add_item", 6)).toBe("add_i…");
    expect(cutPlain("Foo::bar(std::string const&)", 12)).toBe("Foo::bar(st…");
    expect(cutPlain("finish_task_switch.isra.0", 12)).toBe("finish_task…");
    expect(cutPlain("libc.so.6+0x1234", 9)).toBe("libc.so.…");
  });

  it("are measured where cells do not do, never through a surrogate pair", () => {
    const measure = (text: string): number => Array.from(text).length * 10;
    expect(cutMeasured("🔥🔥🔥🔥", 40, measure)).toBe("🔥🔥🔥🔥");
    expect(cutMeasured("🔥🔥🔥🔥", 39, measure)).toBe("🔥🔥…");
    expect(cutMeasured("🔥🔥🔥🔥", 15, measure)).toBe("");
    expect(isPlain("std::vector<int>")).toBe(true);
    expect(isPlain("читать")).toBe(false);
    expect(isPlain("a\nb")).toBe(false);
  });

  it("show what would hide or reorder text", () => {
    expect(visibleText("a\nb\u202ec\u200bd")).toBe("a␊b\\u202ec\\u200bd");
    expect(visibleText("x".repeat(5000))).toHaveLength(4097);
  });

  it("say how much a hidden node stands for", () => {
    const tree = treeOf({
      name: "all",
      self: 97,
      children: [
        { name: "", self: 2, hidden: 1234 },
        { name: "", self: 1, hidden: 1 },
      ],
    });
    expect(labelOf(tree, 1)).toBe("1,234 hidden frames, 2.00 %");
    expect(labelOf(tree, 2)).toBe("1 hidden frame, 1.00 %");
    expect(labelOf(tree, 0)).toBe("all");
  });
});

describe("addresses of stacks", () => {
  it("find their node again", () => {
    const tree = treeOf({
      name: "all",
      children: [
        {
          name: "main",
          children: [
            { name: "run", self: 1 },
            { name: "stop", self: 1 },
          ],
        },
        { name: "run", self: 3 },
      ],
    });
    for (let node = 0; node < tree.size; node++) {
      expect(resolveAddress(tree, pathAddress(tree, node))).toEqual({ node, complete: true });
    }
  });

  it("survive new data, and lead to the nearest caller where a frame is gone", () => {
    const before = treeOf({
      name: "all",
      children: [
        { name: "main", children: [{ name: "run", children: [{ name: "work", self: 9 }] }] },
      ],
    });
    const after = treeOf({
      name: "all",
      children: [
        { name: "new", self: 50 },
        { name: "main", self: 3, children: [{ name: "run", self: 2 }] },
      ],
    });
    const address = pathAddress(before, 3);
    expect(resolveAddress(after, address)).toEqual({ node: 3, complete: false });
    expect(resolveAddress(after, pathAddress(before, 2))).toEqual({ node: 3, complete: true });
    expect(resolveAddress(after, "")).toEqual({ node: 0, complete: true });
    expect(resolveAddress(after, "!!garbage!!")).toEqual({ node: 0, complete: false });
  });

  it("tell thousands of siblings apart", () => {
    const children = Array.from({ length: 5000 }, (_, at) => ({ name: `child${at}`, self: 1 }));
    const tree = treeOf({ name: "all", children });
    const found = new Set<number>();
    for (let node = 1; node < tree.size; node++) {
      found.add(resolveAddress(tree, pathAddress(tree, node)).node);
    }
    // 24 bits: among 5,000 siblings less than one pair is expected to share an address.
    expect(found.size).toBeGreaterThanOrEqual(tree.size - 4);
  });
});
