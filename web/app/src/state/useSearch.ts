import { type FlameTree, type Matches, matchNodes, parseQuery } from "@emberscope/flame-core/pure";
import { useEffect, useMemo, useState } from "react";
import type { TopTable } from "../api/client.ts";
import type { Engine } from "../engine/engine.ts";

export interface SearchState {
  /** What the search found in the tree; undefined while there is none. */
  readonly matches: Matches | undefined;
  /** Which functions of the table it found; undefined if it filters nothing. */
  readonly functionFlags: Uint8Array | undefined;
  /** What is wrong with the search, or empty. */
  readonly error: string;
  /** The function that is asked for by its exact name, or empty. */
  readonly exactName: string;
}

interface Found {
  readonly of: unknown;
  readonly flags: Uint8Array;
}

/** Runs a search over the tree and the table, again when either changes. */
export function useSearch(
  engine: Engine,
  text: string,
  tree: FlameTree | undefined,
  top: TopTable | undefined,
): SearchState {
  const query = useMemo(() => parseQuery(text), [text]);
  const [inTree, setInTree] = useState<Found | undefined>(undefined);
  const [inTop, setInTop] = useState<Found | undefined>(undefined);
  const [failure, setFailure] = useState("");
  const searches = query.kind !== "none" && query.kind !== "invalid";
  // An exact name points at one function among the others, so it hides none of them.
  const filters = searches && query.kind !== "exact";

  useEffect(() => {
    setFailure("");
    if (!searches || tree === undefined) {
      setInTree(undefined);
      return undefined;
    }
    return whileMounted(engine.search(text), (flags) => setInTree({ of: tree, flags }), setFailure);
  }, [engine, text, searches, tree]);

  useEffect(() => {
    if (!filters || top === undefined) {
      setInTop(undefined);
      return undefined;
    }
    const names = top.functions.map(({ name }) => name);
    const found = engine.search(text, names);
    return whileMounted(found, (flags) => setInTop({ of: top, flags }), setFailure);
  }, [engine, text, filters, top]);

  const matches = useMemo(
    () =>
      tree === undefined || inTree === undefined || inTree.of !== tree
        ? undefined
        : matchNodes(tree, inTree.flags),
    [tree, inTree],
  );
  return {
    matches,
    functionFlags: inTop !== undefined && inTop.of === top ? inTop.flags : undefined,
    error: query.kind === "invalid" ? query.reason : failure,
    exactName: query.kind === "exact" ? query.name : "",
  };
}

function whileMounted<T>(
  promise: Promise<T>,
  use: (value: T) => void,
  fail: (reason: string) => void,
): () => void {
  let mounted = true;
  promise.then(
    (value) => {
      if (mounted) {
        use(value);
      }
    },
    (error: unknown) => {
      if (mounted) {
        fail(error instanceof Error ? error.message : String(error));
      }
    },
  );
  return () => {
    mounted = false;
  };
}
