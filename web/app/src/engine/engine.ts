import { type FlameTree, decodeTree, indexTree } from "@emberscope/flame-core/pure";
import type { Answer, Request } from "./protocol.ts";

type Body = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

/** A pattern may take for ever on a name; so long it gets before its worker is ended. */
const SEARCH_MILLIS_MAX = 2_000;
const TOO_SLOW = "pattern: too slow on these names (expected: a simpler one)";

/** A tree of so many bytes is decoded in less time than it takes to hand it to a worker. */
const DECODED_HERE_BYTES_MAX = 1_500_000;

/**
 * Does the heavy work of the page in workers: decoding large trees and searching names, so that no
 * task on the page takes long, whatever the data or the pattern.
 */
export class Engine {
  readonly #start: () => Worker;
  #decoder: Helper | undefined;
  #searcher: Helper | undefined;
  #names: readonly string[] = [];
  /** Whether the searcher has them. */
  #namesSent = false;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Decodes what the server sent; the bytes are gone afterwards. */
  async decode(bytes: ArrayBuffer): Promise<FlameTree> {
    let tree: FlameTree;
    if (bytes.byteLength <= DECODED_HERE_BYTES_MAX) {
      tree = indexTree(decodeTree(new Uint8Array(bytes)));
    } else {
      this.#decoder ??= new Helper(this.#start());
      const answer = await this.#decoder.ask({ kind: "decode", bytes }, [bytes]);
      if (answer.kind !== "tree") {
        throw new Error(`worker: ${answer.kind} (expected: tree)`);
      }
      tree = answer.tree;
    }
    this.#names = tree.frames.name;
    this.#namesSent = false;
    return tree;
  }

  /** Which frames of the tree decoded last, or which of other names, match a search. */
  async search(text: string, within?: readonly string[]): Promise<Uint8Array> {
    const searcher = (this.#searcher ??= new Helper(this.#start()));
    if (within === undefined && !this.#namesSent) {
      this.#namesSent = true;
      searcher.ask({ kind: "names", names: this.#names }, []).catch(() => {
        // Then the search that follows fails as well, and says so.
      });
    }
    const timer = setTimeout(() => {
      searcher.end(TOO_SLOW);
      if (this.#searcher === searcher) {
        this.#searcher = undefined;
        this.#namesSent = false;
      }
    }, SEARCH_MILLIS_MAX);
    try {
      const answer = await searcher.ask({ kind: "search", text, within }, []);
      if (answer.kind !== "flags") {
        throw new Error(`worker: ${answer.kind} (expected: flags)`);
      }
      return answer.flags;
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A worker and the questions it has not answered yet. */
class Helper {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<Answer>) => {
      const answer = event.data;
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.kind === "failed") {
        pending?.reject(new Error(answer.reason));
      } else {
        pending?.resolve(answer);
      }
    });
    worker.addEventListener("error", (event) => {
      this.#failAll(`worker: ${event.message || "failed to start"}`);
    });
  }

  ask(body: Body, transfer: Transferable[]): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...body, id }, transfer);
    });
  }

  /** Stops the worker, whatever it does; what it was asked fails with the reason. */
  end(reason: string): void {
    this.#worker.terminate();
    this.#failAll(reason);
  }

  #failAll(reason: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) {
      reject(new Error(reason));
    }
  }
}
