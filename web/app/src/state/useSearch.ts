import { type Matches, matchNodes, parseQuery } from "@emberscope/flame-core/pure";
import { useEffect, useMemo, useState } from "react";
import { type TopTable, fetchTop } from "../api/client.ts";
import type { Engine } from "../engine/engine.ts";
import { FUNCTIONS_MAX, type Profile } from "./useProfile.ts";

export interface SearchState {
  /** What the search found in the tree; undefined while there is none. */
  readonly matches: Matches | undefined;
  /** Which functions of the table it found; undefined if it filters nothing. */
  readonly functionFlags: Uint8Array | undefined;
  /** The functions that the server found, where the page does not have them all. */
  readonly functions: TopTable | undefined;
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
export function useSearch(engine: Engine, text: string, profile: Profile | undefined): SearchState {
  const tree = profile?.tree;
  const top = profile?.top;
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

  const functions = useFunctionsBeyond(profile, query.kind === "part" ? query.text : "");
  const matches = useMemo(
    () =>
      tree === undefined || inTree === undefined || inTree.of !== tree
        ? undefined
        : matchNodes(tree, inTree.flags),
    [tree, inTree],
  );
  return {
    matches,
    functions,
    functionFlags: inTop !== undefined && inTop.of === top ? inTop.flags : undefined,
    error: query.kind === "invalid" ? query.reason : failure,
    exactName: query.kind === "exact" ? query.name : "",
  };
}

const TYPING_MILLIS = 250;

/** Asks the server for functions by part of their name if there are more than the page has. */
function useFunctionsBeyond(profile: Profile | undefined, part: string): TopTable | undefined {
  const [found, setFound] = useState<{ of: Profile; part: string; top: TopTable } | undefined>(
    undefined,
  );
  const top = profile?.top;
  const asks = top !== undefined && top.functions.length < top.functionCount && part !== "";
  useEffect(() => {
    if (!asks || profile === undefined) {
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      fetchTop(profile.scope, FUNCTIONS_MAX, part, abort.signal).then(
        (answer) => setFound({ of: profile, part, top: answer }),
        () => {
          // Then the table shows what it has, and says of how many.
        },
      );
    }, TYPING_MILLIS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [profile, part, asks]);
  return asks && found !== undefined && found.of === profile && found.part === part
    ? found.top
    : undefined;
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
