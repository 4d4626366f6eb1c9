import { describe, expect, it } from "vitest";
import {
  describeRange,
  fixedRange,
  formatTimePoint,
  isLive,
  lastMillis,
  parseTimePoint,
  shift,
  spanOf,
  zoomOut,
} from "../src/state/time.ts";
import { axisTop, barsOf, stepAt, ticksOf } from "../src/ui/bars.ts";

const NOW = Date.parse("2026-11-25T10:00:00Z");
const HOUR = 3_600_000;

describe("time points", () => {
  it("are read as people write them", () => {
    expect(parseTimePoint("now")).toEqual({ kind: "relative", beforeMillis: 0 });
    expect(parseTimePoint("now-15m")).toEqual({ kind: "relative", beforeMillis: 900_000 });
    expect(parseTimePoint("now-2w")).toEqual({ kind: "relative", beforeMillis: 14 * 24 * HOUR });
    expect(parseTimePoint("1764064800000")).toEqual({ kind: "fixed", millis: 1764064800000 });
    expect(parseTimePoint("2026-11-25T10:00:00Z")).toEqual({ kind: "fixed", millis: NOW });
    for (const text of ["", "now+1h", "yesterday", "2026-13-45T99:00:00Z", "now-1y", "-5"]) {
      expect(parseTimePoint(text), text).toBeUndefined();
    }
  });

  it("survive being written and read", () => {
    for (const text of [
      "now",
      "now-15m",
      "now-1h",
      "now-7d",
      "now-90s",
      "2026-11-25T10:00:00.250Z",
    ]) {
      const point = parseTimePoint(text);
      expect(point && parseTimePoint(formatTimePoint(point)), text).toEqual(point);
    }
  });
});

describe("ranges", () => {
  it("move with time if they end relative to now", () => {
    expect(spanOf(lastMillis(HOUR), NOW)).toEqual({ fromMillis: NOW - HOUR, toMillis: NOW });
    expect(isLive(lastMillis(HOUR))).toBe(true);
    expect(isLive(fixedRange(1, 2))).toBe(false);
  });

  it("are never empty nor inverted", () => {
    expect(spanOf(fixedRange(NOW, NOW - HOUR), NOW)).toEqual({
      fromMillis: NOW - HOUR - 10_000,
      toMillis: NOW - HOUR,
    });
  });

  it("zoom out to twice the time, and stay live", () => {
    expect(zoomOut(lastMillis(HOUR), NOW)).toEqual(lastMillis(2 * HOUR));
    expect(zoomOut(fixedRange(NOW - 10 * HOUR, NOW - 8 * HOUR), NOW)).toEqual(
      fixedRange(NOW - 11 * HOUR, NOW - 7 * HOUR),
    );
    expect(zoomOut(fixedRange(NOW - HOUR, NOW), NOW)).toEqual(fixedRange(NOW - 2 * HOUR, NOW));
  });

  it("shift by half, never beyond now", () => {
    expect(shift(lastMillis(HOUR), -1, NOW)).toEqual(
      fixedRange(NOW - 1.5 * HOUR, NOW - 0.5 * HOUR),
    );
    expect(shift(fixedRange(NOW - HOUR, NOW), 1, NOW)).toEqual(fixedRange(NOW - HOUR, NOW));
  });

  it("have names", () => {
    expect(describeRange(lastMillis(HOUR))).toBe("Last hour");
    expect(describeRange(lastMillis(2 * HOUR))).toBe("Last 2h");
    expect(describeRange(fixedRange(NOW, NOW + 60_000))).toMatch(/^2026-11-25 \d\d:00 – \d\d:01$/);
  });
});

describe("the timeline", () => {
  const series = {
    type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    unit: "nanoseconds",
    stepMillis: 10_000,
    times: Float64Array.of(NOW, NOW + 10_000, NOW + 20_000),
    values: Float64Array.of(1, 0, 7),
  };

  it("cuts bars at the edges of the span", () => {
    const bars = barsOf(series, { fromMillis: NOW + 5_000, toMillis: NOW + 25_000 }, 200);
    expect(Array.from(bars.left)).toEqual([0, 50, 150]);
    expect(Array.from(bars.right)).toEqual([50, 150, 200]);
    expect(bars.highest).toBe(7);
  });

  it("finds the step of a time", () => {
    expect(stepAt(series, NOW + 9_999)).toBe(0);
    expect(stepAt(series, NOW + 20_000)).toBe(2);
    expect(stepAt(series, NOW - 1)).toBe(-1);
    expect(stepAt(series, NOW + 30_000)).toBe(-1);
  });

  it("has a round top not far above the highest value, and ticks that do not collide", () => {
    for (const highest of [1, 7.3, 24, 99, 1.01e10, 0.003]) {
      const top = axisTop(highest);
      expect(top).toBeGreaterThanOrEqual(highest);
      expect(top).toBeLessThanOrEqual(highest * 1.5);
    }
    for (const hours of [0.01, 0.25, 1, 7, 24, 24 * 9, 24 * 40]) {
      const ticks = ticksOf({ fromMillis: NOW - hours * HOUR, toMillis: NOW }, 700);
      for (let at = 1; at < ticks.length; at++) {
        expect(ticks[at].x - ticks[at - 1].x).toBeGreaterThan(60);
      }
      expect(ticks.length).toBeGreaterThan(1);
    }
  });
});
