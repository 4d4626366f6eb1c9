import { afterEach, describe, expect, it, vi } from "vitest";
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
        ? { id, kind: "flags", flags: Uint8Array.of(id) }
        : { id, kind: "failed", reason: "magic: other bytes" },
    );
    const [first, second] = await Promise.all([engine.search("a"), engine.search("b")]);
    expect([first[0], second[0]]).toEqual([1, 2]);
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
    const failed = expect(slow).rejects.toThrow(/^pattern: too slow/);
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(workers[1].asked[0].kind).toBe("names");
    await expect(engine.search("fine")).resolves.toHaveLength(0);
  });
});
