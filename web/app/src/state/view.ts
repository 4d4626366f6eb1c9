import { NOW, type TimeRange, formatTimePoint, lastMillis, parseTimePoint } from "./time.ts";

export type Panes = "both" | "graph" | "table";
export type ColorBy = "binary" | "kind";
export type SortBy = "self" | "total" | "name";

/** Everything that a link to the page restores. */
export interface View {
  readonly type: string;
  /** With its braces. */
  readonly selector: string;
  readonly range: TimeRange;
  /** Address of the stack that fills the width; empty for the root. */
  readonly focus: string;
  /** Name of its frame, to say which one it was if it is gone. */
  readonly focusName: string;
  readonly search: string;
  /** Label whose values are the first row of the graph; empty for none. */
  readonly groupBy: string;
  readonly panes: Panes;
  readonly colorBy: ColorBy;
  readonly sortBy: SortBy;
  /** Seconds between two refreshes; 0 for never. */
  readonly refreshSeconds: number;
}

export const REFRESH_CHOICES: readonly number[] = [0, 5, 10, 30, 60];

export const DEFAULT_VIEW: View = {
  type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  selector: "{}",
  range: { from: lastMillis(3_600_000).from, to: NOW },
  focus: "",
  focusName: "",
  search: "",
  groupBy: "service_name",
  panes: "both",
  colorBy: "binary",
  sortBy: "self",
  refreshSeconds: 10,
};

/** In a link, for no label at all: an empty one is as if it were missing. */
const UNGROUPED = "-";
const ADDRESS = /^[A-Za-z0-9_-]*$/;

/** Reads a view from the parameters of a link; what is missing or not understood gets its default. */
export function parseView(query: string): View {
  const parameters = new URLSearchParams(query.replace(/^[#?]/, ""));
  const text = (name: string, otherwise: string): string => parameters.get(name) ?? otherwise;
  const [focus = "", focusName = ""] = splitFocus(text("focus", ""));
  const refresh = Number(text("refresh", String(DEFAULT_VIEW.refreshSeconds)));
  return {
    type: text("type", DEFAULT_VIEW.type) || DEFAULT_VIEW.type,
    selector: text("selector", DEFAULT_VIEW.selector) || DEFAULT_VIEW.selector,
    range: {
      from: parseTimePoint(text("from", "")) ?? DEFAULT_VIEW.range.from,
      to: parseTimePoint(text("to", "")) ?? DEFAULT_VIEW.range.to,
    },
    focus,
    focusName,
    search: text("search", ""),
    groupBy: groupOf(text("group", "")),
    panes: oneOf(text("view", ""), ["both", "graph", "table"], DEFAULT_VIEW.panes),
    colorBy: oneOf(text("color", ""), ["binary", "kind"], DEFAULT_VIEW.colorBy),
    sortBy: oneOf(text("sort", ""), ["self", "total", "name"], DEFAULT_VIEW.sortBy),
    refreshSeconds: REFRESH_CHOICES.includes(refresh) ? refresh : DEFAULT_VIEW.refreshSeconds,
  };
}

function splitFocus(text: string): string[] {
  const at = text.indexOf("~");
  const address = at < 0 ? text : text.slice(0, at);
  return ADDRESS.test(address) ? [address, at < 0 ? "" : text.slice(at + 1)] : [];
}

function groupOf(text: string): string {
  return text === UNGROUPED ? "" : text === "" ? DEFAULT_VIEW.groupBy : text;
}

function oneOf<T extends string>(text: string, choices: readonly T[], otherwise: T): T {
  return choices.find((choice) => choice === text) ?? otherwise;
}

/** The shortest parameters that restore a view. Empty for the default view. */
export function formatView(view: View): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string, otherwise: string): void => {
    if (value !== otherwise) {
      parameters.set(name, value);
    }
  };
  put("type", view.type, DEFAULT_VIEW.type);
  put("selector", view.selector, DEFAULT_VIEW.selector);
  put("from", formatTimePoint(view.range.from), formatTimePoint(DEFAULT_VIEW.range.from));
  put("to", formatTimePoint(view.range.to), formatTimePoint(DEFAULT_VIEW.range.to));
  put("search", view.search, "");
  put("group", view.groupBy === "" ? UNGROUPED : view.groupBy, DEFAULT_VIEW.groupBy);
  put("view", view.panes, DEFAULT_VIEW.panes);
  put("color", view.colorBy, DEFAULT_VIEW.colorBy);
  put("sort", view.sortBy, DEFAULT_VIEW.sortBy);
  put("refresh", String(view.refreshSeconds), String(DEFAULT_VIEW.refreshSeconds));
  if (view.focus !== "") {
    parameters.set("focus", view.focusName === "" ? view.focus : `${view.focus}~${view.focusName}`);
  }
  return parameters.toString();
}
