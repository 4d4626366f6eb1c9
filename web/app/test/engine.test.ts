import { afterEach, describe, expect, it, vi } from "vitest";
import golden from "../../packages/flame-core/test/golden/flamegraph.json";
import { Engine } from "../src/engine/engine.ts";
import type { Answer, Request } from "../src/engine/protocol.ts";

/** A worker that answers as told, or never. */
class FakeWorker extends EventTarget {
  readonly asked: Request[] = [];
  terminated = false;
  readonly #answer: (request: Request) => Answer | undefined;

  constructor(answer: (request: Request) => Answer | undefined) {
    super();
    this.#answer = answer;
  }

  postMessage(request: Request): void {
    this.asked.push(request);
    const data = this.#answer(request);
    if (data !== undefined) {
      queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
    }
  }

  terminate(): void {
    this.terminated = true;
  }
}

function engineOf(answer: (request: Request) => Answer | undefined): [Engine, FakeWorker[]] {
  const workers: FakeWorker[] = [];
  const engine = new Engine(() => {
    const worker = new FakeWorker(answer);
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return [engine, workers];
}

describe("Engine", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("matches answers to requests", async () => {
    const [engine] = engineOf(({ id, kind }) =>
      kind === "search"
        ? { id, kind: "flags", flags: Uint8Array.of(10 * id) }
        : { id, kind: "failed", reason: "magic: other bytes" },
    );
    const [first, second] = await Promise.all([engine.search("a"), engine.search("b")]);
    expect([first[0], second[0]]).toEqual([20, 30]);
    await expect(engine.decode(new ArrayBuffer(2_000_000))).rejects.toThrow("magic: other bytes");
  });

  it("decodes small trees itself, and lets the worker know their names before a search", async () => {
    const [engine, workers] = engineOf(({ id, kind }) =>
      kind === "search" ? { id, kind: "flags", flags: new Uint8Array(0) } : { id, kind: "done" },
    );
    const bytes = Uint8Array.from(atob(golden.bytes), (character) => character.charCodeAt(0));
    const tree = await engine.decode(bytes.buffer);
    expect(tree.size).toBe(golden.nodes.length + 1);
    expect(workers).toEqual([]);
    await engine.search("a");
    await engine.search("b");
    expect(workers[0].asked.map(({ kind }) => kind)).toEqual(["names", "search", "search"]);
    await expect(engine.decode(new ArrayBuffer(4))).rejects.toThrow("magic: other bytes");
  });

  it("ends a worker that a pattern keeps busy, and goes on with another", async () => {
    vi.useFakeTimers();
    const [engine, workers] = engineOf((request) =>
      request.kind === "search" && request.text.startsWith("/(")
        ? undefined
        : { id: request.id, kind: "flags", flags: new Uint8Array(0) },
    );
    const slow = engine.search("/(a+)+$/");
    const other = expect(engine.search("/(b/", ["b"])).rejects.toThrow(/^pattern: too slow/);
    const failed = expect(slow).rejects.toThrow(/^pattern: too slow/);
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    await other;
    await expect(engine.search("fine")).resolves.toHaveLength(0);
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(workers[1].asked.map(({ kind }) => kind)).toEqual(["names", "search"]);
  });
});
