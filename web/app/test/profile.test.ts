import { describe, expect, it } from "vitest";
import { sampledSpan, stepOf } from "../src/state/useProfile.ts";
import type { LineRow } from "../src/api/client.ts";
import { byFile } from "../src/ui/LinesPane.tsx";
import { summaryOf } from "../src/ui/StackQuality.tsx";

const MINUTE = 60_000;

describe("the series of a profile", () => {
  it("has steps of whole windows, and not too many of them", () => {
    expect(stepOf({ fromMillis: 0, toMillis: 15 * MINUTE })).toBe("10s");
    expect(stepOf({ fromMillis: 0, toMillis: 60 * MINUTE })).toBe("20s");
    expect(stepOf({ fromMillis: 0, toMillis: 24 * 60 * MINUTE })).toBe("600s");
    for (let minutes = 1; minutes < 1e6; minutes *= 1.7) {
      const seconds = Number.parseInt(stepOf({ fromMillis: 0, toMillis: minutes * MINUTE }), 10);
      expect(seconds % 10).toBe(0);
      expect((minutes * 60) / seconds).toBeLessThanOrEqual(240);
    }
  });

  it("tells which part of the time was sampled", () => {
    const series = (...values: number[]): Parameters<typeof sampledSpan>[0] => ({
      type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
      unit: "nanoseconds",
      stepMillis: 10,
      times: Float64Array.from(values, (_, at) => 100 + 10 * at),
      values: Float64Array.from(values),
    });
    expect(sampledSpan(series(0, 0, 5, 0, 7, 0))).toEqual({ fromMillis: 120, toMillis: 150 });
    expect(sampledSpan(series(0, 0))).toBeUndefined();
    expect(sampledSpan(series())).toBeUndefined();
  });
});

describe("the quality of stacks", () => {
  const of = (complete: number, total: number, unnamed = 0): string =>
    summaryOf({
      type: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
      unit: "nanoseconds",
      total,
      complete,
      reasons: [],
      binaryCount: 0,
      binaries: [],
      unnamed: { value: unnamed, binaryCount: 0, binaries: [] },
    });

  it("is whole only if every stack is", () => {
    expect(of(1000, 1000)).toBe("all stacks whole");
    expect(of(988, 1000)).toBe("98.8 % of stacks whole");
    expect(of(1e12 - 1, 1e12)).toBe("> 99.9 % of stacks whole");
    expect(of(0, 10)).toBe("0 % of stacks whole");
  });

  it("tells what has no name", () => {
    expect(of(1000, 1000, 31)).toBe("all stacks whole, 3.10 % unnamed");
    expect(of(988, 1000, 1)).toBe("98.8 % of stacks whole, 0.10 % unnamed");
  });
});

describe("the lines of a function", () => {
  const row = (file: string, line: number, total: number): LineRow => ({
    file,
    line,
    self: 0,
    total,
  });

  it("are in the order of the source, the file with the costliest first", () => {
    const costliestFirst = [
      row("b.c", 9, 50),
      row("", 0, 40),
      row("a.c", 3, 30),
      row("b.c", 0, 20),
      row("b.c", 4, 10),
    ];
    expect(
      byFile(costliestFirst).map(({ file, rows }) => [file, rows.map(({ line }) => line)]),
    ).toEqual([
      ["b.c", [4, 9, 0]],
      ["a.c", [3]],
      ["", [0]],
    ]);
  });
});
