import type { FlameTree } from "@emberscope/flame-core";
import type { Answer, Request } from "./protocol.ts";

type Body = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A pattern may take for ever on a name; so long it gets before its worker is ended. */
const SEARCH_MILLIS_MAX = 2_000;

/**
 * Does the heavy work of the page in a worker: decoding trees and searching names, so that no task
 * on the page takes long, whatever the data or the pattern.
 */
export class Engine {
  readonly #start: () => Worker;
  #worker: Worker;
  #pending = new Map<number, Pending>();
  #names: readonly string[] = [];
  #lastId = 0;

  constructor(start: () => Worker) {
    this.#start = start;
    this.#worker = this.#launch();
  }

  /** Decodes what the server sent; the bytes are gone afterwards. */
  async decode(bytes: ArrayBuffer): Promise<FlameTree> {
    const answer = await this.#ask({ kind: "decode", bytes }, [bytes]);
    if (answer.kind !== "tree") {
      throw new Error(`worker: ${answer.kind} (expected: tree)`);
    }
    this.#names = answer.tree.frames.name;
    return answer.tree;
  }

  /** Which frames of the tree decoded last, or which of other names, match a search. */
  async search(text: string, within?: readonly string[]): Promise<Uint8Array> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // In this order: what the restart fails has to lose the race.
        reject(new Error("pattern: too slow on these names (expected: a simpler one)"));
        this.#restart();
      }, SEARCH_MILLIS_MAX);
    });
    try {
      const answer = await Promise.race([
        this.#ask({ kind: "search", text, within }, []),
        deadline,
      ]);
      if (answer.kind !== "flags") {
        throw new Error(`worker: ${answer.kind} (expected: flags)`);
      }
      return answer.flags;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#worker.terminate();
    this.#failAll("worker: closed");
  }

  #ask(body: Body, transfer: Transferable[]): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...body, id }, transfer);
    });
  }

  #launch(): Worker {
    const worker = this.#start();
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
    return worker;
  }

  #restart(): void {
    this.#worker.terminate();
    this.#failAll("worker: restarted");
    this.#worker = this.#launch();
    this.#ask({ kind: "names", names: this.#names }, []).catch(() => {
      // If it died at once, the next request will say so.
    });
  }

  #failAll(reason: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) {
      reject(new Error(reason));
    }
  }
}
