import { useCallback, useEffect, useRef, useState } from "react";
import { type View, formatView, parseView } from "./view.ts";

/** How a change of the view goes into the browser's history. */
export type Change = "step" | "refine";

/** Browsers limit how often the address may change; typing must not run into that. */
const REFINE_DELAY_MILLIS = 300;

export interface ViewControl {
  readonly view: View;
  /** A `step` can be undone by the back button; a `refine` amends the present step. */
  readonly change: (part: Partial<View>, how: Change) => void;
  readonly back: () => void;
  /** Whether there is a step to go back to within the page. */
  readonly canGoBack: boolean;
}

function depthOfHistory(): number {
  const state: unknown = history.state;
  return typeof state === "object" && state !== null && "depth" in state ? Number(state.depth) : 0;
}

function initialView(): View {
  const { search, hash } = location;
  return parseView(hash.length > 1 ? hash : search);
}

function addressOf(view: View): string {
  const parameters = formatView(view);
  return location.pathname + (parameters === "" ? "" : `#${parameters}`);
}

/** The view, kept in the address of the page: the address is its only store. */
export function useView(): ViewControl {
  const [view, setView] = useState(initialView);
  const [depth, setDepth] = useState(depthOfHistory);
  const latest = useRef(view);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const flush = useCallback(() => {
    if (timer.current !== undefined) {
      clearTimeout(timer.current);
      timer.current = undefined;
      history.replaceState(history.state, "", addressOf(latest.current));
    }
  }, []);

  const change = useCallback(
    (part: Partial<View>, how: Change) => {
      const next = { ...latest.current, ...part };
      if (formatView(next) === formatView(latest.current)) {
        return;
      }
      if (how === "step") {
        flush();
        history.pushState({ depth: depthOfHistory() + 1 }, "", addressOf(next));
        setDepth(depthOfHistory());
      } else {
        clearTimeout(timer.current);
        timer.current = setTimeout(flush, REFINE_DELAY_MILLIS);
      }
      latest.current = next;
      setView(next);
    },
    [flush],
  );

  const back = useCallback(() => {
    flush();
    history.back();
  }, [flush]);

  useEffect(() => {
    const onPopState = (): void => {
      clearTimeout(timer.current);
      timer.current = undefined;
      latest.current = initialView();
      setView(latest.current);
      setDepth(depthOfHistory());
    };
    addEventListener("popstate", onPopState);
    addEventListener("pagehide", flush);
    return () => {
      removeEventListener("popstate", onPopState);
      removeEventListener("pagehide", flush);
      clearTimeout(timer.current);
    };
  }, [flush]);

  return { view, change, back, canGoBack: depth > 0 };
}
