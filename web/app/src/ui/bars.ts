import type { Series } from "../api/client.ts";
import { type Span, formatClock } from "../state/time.ts";

/** The bars of a timeline in pixels, as columns indexed like the series. */
export interface Bars {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly value: Float64Array;
  readonly highest: number;
  /** Whether there is room for a gap between two bars. */
  readonly gap: boolean;
}

const GAP_STEP_PIXELS = 4;

export function barsOf(series: Series, span: Span, width: number): Bars {
  const { times, values, stepMillis } = series;
  const scale = width / (span.toMillis - span.fromMillis);
  const left = new Float64Array(times.length);
  const right = new Float64Array(times.length);
  let highest = 0;
  for (let at = 0; at < times.length; at++) {
    left[at] = Math.max(0, (times[at] - span.fromMillis) * scale);
    right[at] = Math.min(width, (times[at] + stepMillis - span.fromMillis) * scale);
    highest = Math.max(highest, values[at]);
  }
  return { left, right, value: values, highest, gap: stepMillis * scale >= GAP_STEP_PIXELS };
}

/** The step that holds a time, or -1. */
export function stepAt(series: Series, millis: number): number {
  const { times, stepMillis } = series;
  if (times.length === 0) {
    return -1;
  }
  const at = Math.floor((millis - times[0]) / stepMillis);
  return at >= 0 && at < times.length ? at : -1;
}

/** The value at the top of the axis: a round one, not far above the highest. */
export function axisTop(highest: number): number {
  if (!(highest > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(highest));
  for (const factor of [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]) {
    if (factor * power >= highest) {
      return factor * power;
    }
  }
  return 10 * power;
}

export interface Tick {
  readonly x: number;
  readonly label: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TICK_STEPS = [
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  30 * DAY,
];
const TICK_PIXELS_MIN = 76;
const TICKS_MAX = 100;

/** Round local times along the axis, far enough apart to be read. */
export function ticksOf(span: Span, width: number): Tick[] {
  const length = span.toMillis - span.fromMillis;
  const least = (length * TICK_PIXELS_MIN) / Math.max(1, width);
  const step = TICK_STEPS.find((candidate) => candidate >= least) ?? length;
  const zone = new Date(span.fromMillis).getTimezoneOffset() * MINUTE;
  const ticks: Tick[] = [];
  let at = Math.ceil((span.fromMillis - zone) / step) * step + zone;
  while (at <= span.toMillis && ticks.length < TICKS_MAX) {
    const label = step >= DAY ? formatClock(at).slice(5, 10) : clockOf(at);
    ticks.push({ x: ((at - span.fromMillis) / length) * width, label });
    at += step;
  }
  return ticks;
}

function clockOf(millis: number): string {
  const clock = formatClock(millis).slice("2000-01-01 ".length);
  return clock === "00:00" ? formatClock(millis).slice(5, 10) : clock;
}
