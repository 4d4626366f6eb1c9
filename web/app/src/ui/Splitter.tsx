import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";

const KEY = "emberscope.table-width";
const WIDTH_FIRST = 480;
const WIDTH_MIN = 280;
const WIDTH_MAX = 1200;
const KEY_STEP = 24;

export interface TableWidth {
  readonly container: RefObject<HTMLDivElement | null>;
  readonly pixels: number;
  readonly set: (pixels: number) => void;
}

/** The width of the function table, kept for the next visit. */
export function useTableWidth(): TableWidth {
  const container = useRef<HTMLDivElement>(null);
  const [pixels, setPixels] = useState(() => {
    try {
      return bounded(Number(localStorage.getItem(KEY) ?? WIDTH_FIRST));
    } catch {
      return WIDTH_FIRST;
    }
  });
  useEffect(() => {
    container.current?.style.setProperty("--table-width", `${pixels}px`);
  });
  const set = (next: number): void => {
    setPixels(bounded(next));
    try {
      localStorage.setItem(KEY, String(bounded(next)));
    } catch {
      // Storage may be forbidden; the width then lasts as long as the page.
    }
  };
  return { container, pixels, set };
}

function bounded(pixels: number): number {
  return Number.isFinite(pixels)
    ? Math.round(Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, pixels)))
    : WIDTH_FIRST;
}

/** The line between graph and table; dragged, or moved by arrow keys. */
export function Splitter({ width }: { readonly width: TableWidth }): ReactNode {
  return (
    <div
      className="splitter"
      role="separator"
      aria-label="Width of the function table"
      aria-orientation="vertical"
      aria-valuenow={width.pixels}
      aria-valuemin={WIDTH_MIN}
      aria-valuemax={WIDTH_MAX}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a separator that moves
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => {
        const container = width.container.current;
        if (container !== null && event.currentTarget.hasPointerCapture(event.pointerId)) {
          width.set(container.getBoundingClientRect().right - event.clientX);
        }
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
          event.preventDefault();
          width.set(width.pixels + (event.key === "ArrowLeft" ? KEY_STEP : -KEY_STEP));
        }
      }}
    />
  );
}
