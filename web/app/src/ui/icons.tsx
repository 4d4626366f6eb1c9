import type { ReactNode } from "react";

function icon(path: string): () => ReactNode {
  return function Icon() {
    return (
      <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        <path d={path} />
      </svg>
    );
  };
}

export const SearchIcon = icon("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14");
export const CloseIcon = icon("M4 4l8 8M12 4l-8 8");
export const DownIcon = icon("M4 6l4 4 4-4");
export const LeftIcon = icon("M10 3.5 5.5 8l4.5 4.5");
export const RightIcon = icon("M6 3.5 10.5 8 6 12.5");
export const UndoIcon = icon("M6 3 3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H7");
export const ZoomOutIcon = icon(
  "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14M5 7h4",
);
export const ClockIcon = icon("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.5V8l2.5 1.5");
export const DownloadIcon = icon("M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10");
export const RefreshIcon = icon("M13 8a5 5 0 1 1-1.5-3.5M13 2.5V5h-2.5");
export const PauseIcon = icon("M5.5 3.5v9M10.5 3.5v9");
export const SunIcon = icon(
  "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
);
export const MoonIcon = icon("M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6Z");
export const ScreenIcon = icon("M2 3h12v8H2ZM6 13.5h4M8 11v2.5");
export const FocusIcon = icon("M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10");
export const CopyIcon = icon("M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3");

/** The mark of Emberscope: three embers of a flame graph. */
export function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="mark-1" x="2" y="4" width="28" height="7" rx="2" />
      <rect className="mark-2" x="2" y="13" width="19" height="7" rx="2" />
      <rect className="mark-3" x="7" y="22" width="10" height="7" rx="2" />
    </svg>
  );
}
