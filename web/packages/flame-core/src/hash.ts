import { type FlameTree, nodeBinary, nodeName, pathTo } from "./tree.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORD = 4;
const LEVELS_MAX = 4096;

/** FNV-1a over the UTF-16 code units of a text, mixed so that all bits depend on all input. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return hash >>> 0;
}

function wordOf(tree: FlameTree, node: number): string {
  let bits = hashText(nodeBinary(tree, node), hashText(nodeName(tree, node)));
  let word = "";
  for (let at = 0; at < WORD; at++) {
    word += ALPHABET[bits & 63];
    bits >>>= 6;
  }
  return word;
}

/**
 * The address of a node: 24 bits for each frame from below the root down to it. It depends on names
 * and binaries only, so it finds the same stack in other data. Empty for the root.
 */
export function pathAddress(tree: FlameTree, node: number): string {
  let address = "";
  for (const at of pathTo(tree, node).slice(1, LEVELS_MAX + 1)) {
    address += wordOf(tree, at);
  }
  return address;
}

/** Where an address leads in a tree. */
export interface Resolved {
  /** The node, or the deepest one on the way that exists; the root if there is none. */
  readonly node: number;
  /** Whether the whole address was found. */
  readonly complete: boolean;
}

/** Follows an address from the root as far as it leads. */
export function resolveAddress(tree: FlameTree, address: string): Resolved {
  let node = 0;
  for (let at = 0; at + WORD <= address.length; at += WORD) {
    const word = address.slice(at, at + WORD);
    const child = childWithWord(tree, node, word);
    if (child < 0) {
      return { node, complete: false };
    }
    node = child;
  }
  return { node, complete: address.length % WORD === 0 };
}

function childWithWord(tree: FlameTree, node: number, word: string): number {
  for (let child = node + 1; child < tree.end[node]; child = tree.end[child]) {
    if (tree.hidden[child] === 0 && wordOf(tree, child) === word) {
      return child;
    }
  }
  return -1;
}
