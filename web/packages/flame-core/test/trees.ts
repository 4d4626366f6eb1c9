import { type FlameColumns, type FlameTree, indexTree, unknownSources } from "../src/index.ts";

/** A small deterministic generator (mulberry32), so that a seed names a tree. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

/** One node of a tree written by hand: name, own value, children; `hidden` makes it stand for some. */
export interface Sketch {
  readonly name: string;
  readonly self?: number;
  readonly hidden?: number;
  readonly children?: readonly Sketch[];
}

export function treeOf(root: Sketch): FlameTree {
  const names: string[] = [];
  const level: number[] = [];
  const total: number[] = [];
  const self: number[] = [];
  const frame: number[] = [];
  const hidden: number[] = [];
  const visit = (node: Sketch, at: number): number => {
    const index = level.length;
    let known = names.indexOf(node.name);
    if (known < 0) {
      known = names.push(node.name) - 1;
    }
    level.push(at);
    frame.push(known);
    hidden.push(node.hidden ?? 0);
    self.push(node.self ?? 0);
    total.push(0);
    let sum = node.self ?? 0;
    for (const child of node.children ?? []) {
      sum += visit(child, at + 1);
    }
    total[index] = sum;
    return sum;
  };
  visit(root, 0);
  return indexTree({
    ...HEADER,
    level: Int32Array.from(level),
    total: Float64Array.from(total),
    self: Float64Array.from(self),
    frame: Int32Array.from(frame),
    hidden: Int32Array.from(hidden),
    ...unknownSources(level.length),
    frames: table(names),
  });
}

/** Sources of any kind for so many nodes but the root. */
export function randomSources(
  seed: number,
  size: number,
): Pick<FlameColumns, "file" | "line" | "lastLine" | "inlining" | "files"> {
  const next = random(seed);
  const sources = { ...unknownSources(size), files: ["", "/src/a.c", "/src/b.h"] };
  for (let node = 1; node < size; node++) {
    sources.file[node] = Math.floor(next() * 3);
    sources.line[node] = Math.floor(next() * 3) * 1000;
    sources.lastLine[node] = sources.line[node] + Math.floor(next() * 2) * 300;
    sources.inlining[node] = Math.floor(next() * 3);
  }
  return sources;
}

/** A random tree of `size` nodes with values that add up. */
export function randomTree(seed: number, size: number, depthMax = 40, names = 50): FlameTree {
  const next = random(seed);
  const level = new Int32Array(size);
  const total = new Float64Array(size);
  const self = new Float64Array(size);
  const frame = new Int32Array(size);
  for (let node = 1; node < size; node++) {
    const deepest = Math.min(depthMax, level[node - 1] + 1);
    level[node] = next() < 0.6 ? deepest : 1 + Math.floor(next() * deepest);
    self[node] = next() < 0.3 ? 0 : Math.floor(next() ** 3 * 1e6);
    frame[node] = Math.floor(next() * names);
  }
  const open = new Float64Array(depthMax + 2);
  for (let node = size - 1; node >= 0; node--) {
    const at = level[node];
    total[node] = self[node] + open[at + 1];
    open[at + 1] = 0;
    open[at] += total[node];
  }
  return indexTree({
    ...HEADER,
    level,
    total,
    self,
    frame,
    hidden: new Int32Array(size),
    ...unknownSources(size),
    frames: table(Array.from({ length: names }, (_, at) => `function${at}`)),
  });
}

const HEADER: Pick<FlameColumns, "type" | "unit" | "startMillis" | "durationMillis"> = {
  type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  unit: "nanoseconds",
  startMillis: 0,
  durationMillis: 10_000,
};

function table(names: readonly string[]): FlameColumns["frames"] {
  return {
    name: names,
    binary: new Int32Array(names.length),
    kind: new Int32Array(names.length),
    buildId: new Int32Array(names.length),
    buildIds: [""],
    binaries: ["app"],
    kinds: ["native"],
  };
}
