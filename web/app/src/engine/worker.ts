/// <reference lib="webworker" />
import { decodeTree, indexTree, matchNames, parseQuery } from "@emberscope/flame-core/pure";
import type { Answer, Request } from "./protocol.ts";

/** Names of the tree that is shown: what a search looks through. */
let names: readonly string[] = [];

function answer(request: Request): [Answer, Transferable[]] {
  switch (request.kind) {
    case "decode": {
      const tree = indexTree(decodeTree(new Uint8Array(request.bytes)));
      const columns = [...Object.values(tree), ...Object.values(tree.frames)];
      const buffers = columns
        .filter((column) => ArrayBuffer.isView(column))
        .map((view) => view.buffer);
      return [{ id: request.id, kind: "tree", tree }, [...new Set(buffers)] as Transferable[]];
    }
    case "names":
      names = request.names;
      return [{ id: request.id, kind: "done" }, []];
    case "search": {
      const flags = matchNames(request.within ?? names, parseQuery(request.text));
      return [{ id: request.id, kind: "flags", flags }, [flags.buffer]];
    }
  }
}

addEventListener("message", (event: MessageEvent<Request>) => {
  const request = event.data;
  try {
    const [message, transfer] = answer(request);
    postMessage(message, { transfer });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    postMessage({ id: request.id, kind: "failed", reason } satisfies Answer);
  }
});
