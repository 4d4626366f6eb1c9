import { useEffect, useState } from "react";
import { type Scope, type StackQuality, fetchStackQuality } from "../api/client.ts";
import type { Profile } from "./useProfile.ts";

/** More binaries than these are counted, and `emberscope query quality` lists them. */
export const BINARIES_MAX = 8;

/** The graph and the table are drawn first. */
const AFTER_MILLIS = 150;

/** What is known of the stacks of a profile; an error if the server could not tell. */
export type Quality = StackQuality | Error;

interface Known {
  readonly scope: Scope;
  readonly quality: Quality;
}

/**
 * How many stacks of the profile are whole. Asked for once all else is there; while a newer answer
 * to the same question is under way, the last one stays.
 */
export function useQuality(profile: Profile | undefined): Quality | undefined {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const complete = profile?.top !== undefined && profile.series !== undefined;
  const scope = complete && profile.tree.total[0] > 0 ? profile.scope : undefined;

  useEffect(() => {
    if (scope === undefined) {
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      fetchStackQuality(scope, BINARIES_MAX, abort.signal).then(
        (quality) => setKnown({ scope, quality }),
        (reason: unknown) => {
          if (!abort.signal.aborted) {
            const quality = reason instanceof Error ? reason : new Error(String(reason));
            setKnown({ scope, quality });
          }
        },
      );
    }, AFTER_MILLIS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [scope]);

  const shown = profile?.scope;
  return known?.scope.type === shown?.type && known?.scope.selector === shown?.selector
    ? known?.quality
    : undefined;
}
