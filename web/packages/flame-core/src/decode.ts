import {
  type FlameColumns,
  type FrameTable,
  Inlining,
  MalformedTreeError,
  unknownSources,
} from "./tree.ts";

// Part of every runtime, but of no library that TypeScript knows outside the DOM.
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const MAGIC = [0x45, 0x4d, 0x46, 0x47];
const VERSION = 2;
/** Most nodes that a server sends. */
export const NODES_MAX = 1 << 20;
const STRINGS_MAX = 5 * NODES_MAX;
const INT_MAX = 0x7fffffff;
const VARINT_BYTES_MAX = 10;
const LONG_END = 2 ** 63;
const BYTES_PER_FUNCTION_MIN = 5;
const BYTES_PER_NODE_MIN = 4;

/** Name of the node that is put above all others, so that a tree has one root. */
export const ROOT_NAME = "all";

/**
 * Reads the form of `docs/formats/flamegraph.md`. A root is put above the outermost functions. Work
 * and memory are bounded by the size of the input: no count in it is taken on trust.
 *
 * @throws MalformedTreeError if it is not such a form
 */
export function decodeTree(bytes: Uint8Array): FlameColumns {
  const cursor = new Cursor(bytes);
  for (const byte of MAGIC) {
    if (cursor.byte("magic") !== byte) {
      throw new MalformedTreeError("magic: other bytes (expected: EMFG)");
    }
  }
  const version = cursor.byte("version");
  if (version !== VERSION) {
    throw new MalformedTreeError(`version: ${version} (expected: ${VERSION})`);
  }
  const type = cursor.text("type");
  const startMillis = cursor.long("start") / 1e6;
  const durationMillis = cursor.long("duration") / 1e6;
  const { frames, strings, usualFile } = readFrames(cursor);
  const nodes = readNodes(cursor, frames.name.length - PSEUDO_FRAMES);
  const sources = readSources(cursor, strings, usualFile, nodes);
  if (cursor.remaining > 0) {
    throw new MalformedTreeError(`end: ${cursor.remaining} bytes more (expected: none)`);
  }
  const unit = type.split(":")[2] ?? "";
  return { type, unit, startMillis, durationMillis, frames, ...nodes, ...sources };
}

/** Frames that no server sends: those of the root and of nodes that stand for hidden ones. */
const PSEUDO_FRAMES = 2;

interface Frames {
  readonly frames: FrameTable;
  readonly strings: readonly string[];
  /** The file of each frame, as a string, for nodes that say no other. */
  readonly usualFile: Int32Array;
}

function readFrames(cursor: Cursor): Frames {
  const stringCount = cursor.count(STRINGS_MAX, 1, "strings");
  const strings: string[] = [];
  for (let at = 0; at < stringCount; at++) {
    strings.push(cursor.text("strings"));
  }
  const count = cursor.count(NODES_MAX, BYTES_PER_FUNCTION_MIN, "functions");
  const column = (): Int32Array => {
    const indices = new Int32Array(count + PSEUDO_FRAMES);
    for (let at = 0; at < count; at++) {
      indices[at] = cursor.index(stringCount, "function string");
    }
    return indices;
  };
  const name: string[] = [];
  for (const at of column().subarray(0, count)) {
    if (strings[at] === "") {
      throw new MalformedTreeError(`functions[${name.length}].name: empty (expected: a name)`);
    }
    name.push(strings[at]);
  }
  name.push(ROOT_NAME, "");
  const [binary, binaries] = distinct(column(), strings, count);
  const [kind, kinds] = distinct(column(), strings, count);
  const [buildId, buildIds] = distinct(column(), strings, count);
  const usualFile = column();
  const frames = { name, binary, binaries, kind, kinds, buildId, buildIds };
  return { frames, strings, usualFile };
}

/** Indices into all strings become indices into those that occur; pseudo frames have the empty one. */
function distinct(
  column: Int32Array,
  strings: readonly string[],
  count: number,
): [Int32Array, string[]] {
  const texts = [""];
  const known = new Map<string, number>([["", 0]]);
  for (let at = 0; at < count; at++) {
    const text = strings[column[at]];
    let index = known.get(text);
    if (index === undefined) {
      index = texts.push(text) - 1;
      known.set(text, index);
    }
    column[at] = index;
  }
  return [column, texts];
}

type Nodes = Pick<FlameColumns, "level" | "total" | "self" | "frame" | "hidden">;

function readNodes(cursor: Cursor, functions: number): Nodes {
  const size = cursor.count(NODES_MAX, BYTES_PER_NODE_MIN, "nodes") + 1;
  const level = new Int32Array(size);
  for (let node = 1, deepest = 0; node < size; node++) {
    deepest = deepest - cursor.int(deepest, "level") + 1;
    level[node] = deepest;
  }
  const frame = new Int32Array(size);
  frame[0] = functions;
  for (let node = 1; node < size; node++) {
    const sent = cursor.index(functions + 1, "function");
    frame[node] = sent === 0 ? functions + 1 : sent - 1;
  }
  const self = new Float64Array(size);
  for (let node = 1; node < size; node++) {
    self[node] = cursor.long("value");
  }
  const hidden = new Int32Array(size);
  const total = self.slice();
  for (let node = 1; node < size; node++) {
    if (frame[node] === functions + 1) {
      if (node + 1 < size && level[node + 1] > level[node]) {
        throw new MalformedTreeError(`nodes[${node}]: child of hidden nodes (expected: none)`);
      }
      hidden[node] = cursor.int(INT_MAX, "hidden");
      if (hidden[node] === 0) {
        throw new MalformedTreeError("hidden: 0 (expected: 1 or more)");
      }
      self[node] = 0;
    }
  }
  addUp(level, total);
  return { level, total, self, frame, hidden };
}

type Sources = Pick<FlameColumns, "file" | "line" | "lastLine" | "inlining" | "files">;

function readSources(
  cursor: Cursor,
  strings: readonly string[],
  usualFile: Int32Array,
  { level, frame, hidden }: Nodes,
): Sources {
  const { file, line, lastLine, inlining } = unknownSources(level.length);
  const files = [""];
  const known = new Map<string, number>([["", 0]]);
  const shown = (read: (node: number) => void): void => {
    for (let node = 1; node < hidden.length; node++) {
      if (hidden[node] === 0) {
        read(node);
      }
    }
  };
  shown((node) => {
    const sent = cursor.index(strings.length + 1, "file");
    const text = strings[sent === 0 ? usualFile[frame[node]] : sent - 1];
    let index = known.get(text);
    if (index === undefined) {
      index = files.push(text) - 1;
      known.set(text, index);
    }
    file[node] = index;
  });
  shown((node) => {
    line[node] = cursor.int(INT_MAX, "line");
  });
  shown((node) => {
    lastLine[node] = line[node] + cursor.int(INT_MAX - line[node], "lines");
  });
  shown((node) => {
    inlining[node] = cursor.index(Inlining.All + 1, "inlining");
  });
  return { file, line, lastLine, inlining, files };
}

/** Adds each node's total to its parent's, the deepest first. */
function addUp(level: Int32Array, total: Float64Array): void {
  let deepest = 0;
  for (const at of level) {
    deepest = Math.max(deepest, at);
  }
  const children = new Float64Array(deepest + 2);
  for (let node = level.length - 1; node >= 0; node--) {
    const at = level[node];
    total[node] += children[at + 1];
    children[at + 1] = 0;
    children[at] += total[node];
  }
  // As numbers here are rounded, the largest legal sum may stand at the end itself.
  if (total[0] > LONG_END) {
    throw new MalformedTreeError("value: sum (expected: below 2^63)");
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(field: string): number {
    if (this.#at >= this.#bytes.length) {
      throw new MalformedTreeError(`${field}: end of input (expected: more bytes)`);
    }
    return this.#bytes[this.#at++];
  }

  /** A varint below 2^63; beyond 2^53 it is rounded. */
  long(field: string): number {
    const first = this.byte(field);
    if (first < 0x80) {
      return first;
    }
    let value = first & 0x7f;
    let scale = 0x80;
    for (let read = 1; read < VARINT_BYTES_MAX; read++) {
      const byte = this.byte(field);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > LONG_END) {
          throw new MalformedTreeError(`${field}: (expected: below 2^63)`);
        }
        return value;
      }
      scale *= 0x80;
    }
    throw new MalformedTreeError(`${field}: varint too long (expected: at most 10 bytes)`);
  }

  /** A varint that is at most `most`. */
  int(most: number, field: string): number {
    const value = this.long(field);
    if (value > most) {
      throw new MalformedTreeError(`${field}: ${value} (expected: at most ${most})`);
    }
    return value;
  }

  index(size: number, field: string): number {
    const value = this.long(field);
    if (value >= size) {
      throw new MalformedTreeError(`${field}: ${value} (expected: < ${size})`);
    }
    return value;
  }

  /** A count of things that take at least so many bytes each. */
  count(most: number, bytesEach: number, field: string): number {
    const count = this.int(most, field);
    if (count * bytesEach > this.remaining) {
      throw new MalformedTreeError(
        `${field}: ${count} (expected: that many in ${this.remaining} bytes)`,
      );
    }
    return count;
  }

  text(field: string): string {
    const length = this.long(field);
    if (length > this.remaining) {
      throw new MalformedTreeError(
        `${field}: length ${length} (expected: at most ${this.remaining})`,
      );
    }
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw new MalformedTreeError(`${field}: (expected: UTF-8)`);
    }
  }
}
