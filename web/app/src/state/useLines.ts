import { useEffect, useState } from "react";
import { type LineTable, type Scope, fetchLines } from "../api/client.ts";

/** More lines than a person reads; the costliest come first. */
export const LINES_MAX = 2_000;

/** The function whose lines are shown. */
export interface Selection {
  readonly name: string;
  /** Its binary, or empty for the functions of that name in all binaries. */
  readonly binary: string;
}

/** The lines of a function, or why they are not known. */
export type Lines = LineTable | Error;

interface Known {
  readonly scope: Scope;
  readonly selection: Selection;
  readonly lines: Lines;
}

/**
 * The lines of a function in what the page shows. While a newer answer to the same question is
 * under way, the last one stays.
 */
export function useLines(
  scope: Scope | undefined,
  selection: Selection | undefined,
): Lines | undefined {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const { name, binary } = selection ?? { name: "", binary: "" };

  useEffect(() => {
    if (scope === undefined || name === "") {
      return undefined;
    }
    const abort = new AbortController();
    const use = (lines: Lines): void => {
      if (!abort.signal.aborted) {
        setKnown({ scope, selection: { name, binary }, lines });
      }
    };
    fetchLines(scope, name, binary, LINES_MAX, abort.signal).then(use, (reason: unknown) =>
      use(reason instanceof Error ? reason : new Error(String(reason))),
    );
    return () => abort.abort();
  }, [scope, name, binary]);

  return known !== undefined &&
    known.scope.type === scope?.type &&
    known.scope.selector === scope.selector &&
    known.selection.name === name &&
    known.selection.binary === binary
    ? known.lines
    : undefined;
}
