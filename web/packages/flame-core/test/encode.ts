import type { FlameTree } from "../src/index.ts";

/**
 * Writes the form of `docs/formats/flamegraph.md` for tests and benchmarks. The root of the tree is
 * left out, as servers do.
 */
export function encodeTree(tree: FlameTree): Uint8Array {
  const out = new Writer();
  const strings = new Map<string, number>([["", 0]]);
  const intern = (text: string): number => {
    const known = strings.get(text);
    if (known !== undefined) {
      return known;
    }
    strings.set(text, strings.size);
    return strings.size - 1;
  };
  const { frames } = tree;
  const used = new Map<number, number>();
  for (let node = 1; node < tree.size; node++) {
    const frame = tree.frame[node];
    if (tree.hidden[node] === 0 && !used.has(frame)) {
      used.set(frame, used.size);
    }
  }
  const functions = [...used.keys()];
  const columns = [
    functions.map((at) => intern(frames.name[at])),
    functions.map((at) => intern(frames.binaries[frames.binary[at]])),
    functions.map((at) => intern(frames.kinds[frames.kind[at]])),
    functions.map((at) => intern(frames.buildIds[frames.buildId[at]])),
    // Each node says its file itself.
    functions.map(() => 0),
  ];
  const files = tree.files.map(intern);
  out.bytes(Uint8Array.of(0x45, 0x4d, 0x46, 0x47, 2));
  out.text(tree.type);
  out.varint(tree.startMillis * 1e6);
  out.varint(tree.durationMillis * 1e6);
  out.varint(strings.size);
  for (const text of strings.keys()) {
    out.text(text);
  }
  out.varint(functions.length);
  for (const column of columns) {
    for (const value of column) {
      out.varint(value);
    }
  }
  out.varint(tree.size - 1);
  for (let node = 1, deepest = 0; node < tree.size; node++) {
    out.varint(deepest - (tree.level[node] - 1));
    deepest = tree.level[node];
  }
  for (let node = 1; node < tree.size; node++) {
    out.varint(tree.hidden[node] > 0 ? 0 : (used.get(tree.frame[node]) ?? 0) + 1);
  }
  for (let node = 1; node < tree.size; node++) {
    out.varint(tree.hidden[node] > 0 ? tree.total[node] : tree.self[node]);
  }
  for (let node = 1; node < tree.size; node++) {
    if (tree.hidden[node] > 0) {
      out.varint(tree.hidden[node]);
    }
  }
  const sources: readonly ((node: number) => number)[] = [
    (node) => files[tree.file[node]] + 1,
    (node) => tree.line[node],
    (node) => tree.lastLine[node] - tree.line[node],
    (node) => tree.inlining[node],
  ];
  for (const value of sources) {
    for (let node = 1; node < tree.size; node++) {
      if (tree.hidden[node] === 0) {
        out.varint(value(node));
      }
    }
  }
  return out.done();
}

class Writer {
  readonly #encoder = new TextEncoder();
  #buffer = new Uint8Array(1024);
  #size = 0;

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#size++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#size++] = rest;
  }

  text(text: string): void {
    const bytes = this.#encoder.encode(text);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  done(): Uint8Array {
    return this.#buffer.slice(0, this.#size);
  }

  #reserve(more: number): void {
    if (this.#size + more > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#size + more));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
  }
}
