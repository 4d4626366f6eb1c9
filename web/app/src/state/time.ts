/**
 * A point in time as a person chooses it: `now`, some time before now, or a fixed instant. Points
 * relative to now move along, which is what makes a view live.
 */
export type TimePoint =
  | { readonly kind: "relative"; readonly beforeMillis: number }
  | { readonly kind: "fixed"; readonly millis: number };

export interface TimeRange {
  readonly from: TimePoint;
  readonly to: TimePoint;
}

/** A range in milliseconds since the Unix epoch, the end not included. */
export interface Span {
  readonly fromMillis: number;
  readonly toMillis: number;
}

const UNITS: readonly [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];
const RELATIVE = /^now(?:-(\d{1,9})([smhdw]))?$/;
const WEEK = 7 * 86_400_000;

/** Shortest range that is asked for: one window of the sampler. */
export const SPAN_MILLIS_MIN = 10_000;

export const NOW: TimePoint = { kind: "relative", beforeMillis: 0 };

export const PRESETS: readonly { readonly label: string; readonly millis: number }[] = [
  { label: "Last 5 minutes", millis: 5 * 60_000 },
  { label: "Last 15 minutes", millis: 15 * 60_000 },
  { label: "Last hour", millis: 3_600_000 },
  { label: "Last 6 hours", millis: 6 * 3_600_000 },
  { label: "Last 24 hours", millis: 24 * 3_600_000 },
  { label: "Last 7 days", millis: WEEK },
  { label: "Last 30 days", millis: 30 * 86_400_000 },
];

export function lastMillis(millis: number): TimeRange {
  return { from: { kind: "relative", beforeMillis: millis }, to: NOW };
}

export function fixedRange(fromMillis: number, toMillis: number): TimeRange {
  return {
    from: { kind: "fixed", millis: Math.round(fromMillis) },
    to: { kind: "fixed", millis: Math.round(toMillis) },
  };
}

/** Reads `now`, `now-15m`, milliseconds since the epoch or RFC 3339; undefined if it is none. */
export function parseTimePoint(text: string): TimePoint | undefined {
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const unit = relative[2];
    const length = unit === "w" ? WEEK : (UNITS.find(([name]) => name === unit)?.[1] ?? 0);
    return { kind: "relative", beforeMillis: Number(relative[1] ?? 0) * length };
  }
  if (/^\d{1,15}$/.test(text)) {
    return { kind: "fixed", millis: Number(text) };
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const millis = Date.parse(text);
    return Number.isNaN(millis) ? undefined : { kind: "fixed", millis };
  }
  return undefined;
}

export function formatTimePoint(point: TimePoint): string {
  if (point.kind === "fixed") {
    return new Date(point.millis).toISOString().replace(".000Z", "Z");
  }
  if (point.beforeMillis === 0) {
    return "now";
  }
  const [unit, length] = UNITS.find(([, millis]) => point.beforeMillis % millis === 0) ?? [
    "s",
    1000,
  ];
  return `now-${Math.round(point.beforeMillis / length)}${unit}`;
}

export function millisOf(point: TimePoint, nowMillis: number): number {
  return point.kind === "fixed" ? point.millis : nowMillis - point.beforeMillis;
}

/** The range at a moment; an inverted or too short one is widened to the least span. */
export function spanOf(range: TimeRange, nowMillis: number): Span {
  const toMillis = millisOf(range.to, nowMillis);
  const fromMillis = Math.min(millisOf(range.from, nowMillis), toMillis - SPAN_MILLIS_MIN);
  return { fromMillis, toMillis };
}

/** Whether the range moves with time. */
export function isLive(range: TimeRange): boolean {
  return range.to.kind === "relative";
}

/** Twice as long around the same middle; what ends now still ends now. */
export function zoomOut(range: TimeRange, nowMillis: number): TimeRange {
  if (range.from.kind === "relative" && range.to.kind === "relative") {
    const length = range.from.beforeMillis - range.to.beforeMillis;
    return {
      from: { kind: "relative", beforeMillis: range.from.beforeMillis + length },
      to: range.to,
    };
  }
  const { fromMillis, toMillis } = spanOf(range, nowMillis);
  const length = toMillis - fromMillis;
  const to = Math.min(nowMillis, toMillis + length / 2);
  return fixedRange(to - 2 * length, to);
}

/** The neighbouring range of the same length, earlier (-1) or later (+1); never beyond now. */
export function shift(range: TimeRange, direction: 1 | -1, nowMillis: number): TimeRange {
  const { fromMillis, toMillis } = spanOf(range, nowMillis);
  const length = toMillis - fromMillis;
  const to = Math.min(nowMillis, toMillis + (direction * length) / 2);
  return fixedRange(to - length, to);
}

/** What a range is called on screen. */
export function describeRange(range: TimeRange): string {
  if (
    range.to.kind === "relative" &&
    range.to.beforeMillis === 0 &&
    range.from.kind === "relative"
  ) {
    const { beforeMillis } = range.from;
    const preset = PRESETS.find(({ millis }) => millis === beforeMillis);
    return preset?.label ?? `Last ${formatTimePoint(range.from).slice("now-".length)}`;
  }
  const from =
    range.from.kind === "fixed" ? formatClock(range.from.millis) : formatTimePoint(range.from);
  const to =
    range.to.kind === "fixed"
      ? formatClock(range.to.millis, range.from.kind === "fixed" ? range.from.millis : undefined)
      : formatTimePoint(range.to);
  return `${from} – ${to}`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** Local date and time; the date is left out if it is the same day as another time. */
export function formatClock(millis: number, sameDayAs?: number): string {
  const date = new Date(millis);
  const seconds = date.getSeconds();
  const clock =
    `${pad(date.getHours())}:${pad(date.getMinutes())}` + (seconds === 0 ? "" : `:${pad(seconds)}`);
  if (sameDayAs !== undefined && sameDay(date, new Date(sameDayAs))) {
    return clock;
  }
  return `${formatDay(date)} ${clock}`;
}

function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

function formatDay(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** The form that `<input type="datetime-local" step="1">` takes, in local time. */
export function toInputValue(millis: number): string {
  const date = new Date(millis);
  return `${formatDay(date)}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}
