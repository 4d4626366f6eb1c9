import { describe, expect, it } from "vitest";
import {
  formatBrief,
  formatCores,
  formatNanos,
  formatRate,
  timeOf,
  formatShare,
  formatSpan,
  formatValue,
  formatWhole,
} from "../src/format.ts";

describe("numbers on screen", () => {
  it("are shares that never claim to be nothing", () => {
    expect(formatShare(1, 3)).toBe("33.3 %");
    expect(formatShare(1, 1)).toBe("100 %");
    expect(formatShare(9996, 10_000)).toBe("100 %");
    expect(formatShare(1, 37)).toBe("2.70 %");
    expect(formatShare(1, 1e9)).toBe("< 0.01 %");
    expect(formatShare(0, 10)).toBe("0 %");
    expect(formatShare(1, 0)).toBe("0 %");
  });

  it("are wholes only when nothing is missing", () => {
    expect(formatWhole(10, 10)).toBe("100 %");
    expect(formatWhole(9_999_999, 10_000_000)).toBe("> 99.9 %");
    expect(formatWhole(988, 1000)).toBe("98.8 %");
    expect(formatWhole(0, 10)).toBe("0 %");
  });

  it("are durations from nanoseconds to days", () => {
    expect(formatNanos(0)).toBe("0 s");
    expect(formatNanos(740)).toBe("740 ns");
    expect(formatNanos(38_200_000)).toBe("38.2 ms");
    expect(formatNanos(4.214e9)).toBe("4.21 s");
    expect(formatNanos(59.99e9)).toBe("60.0 s");
    expect(formatNanos(93 * 60e9)).toBe("1 h 33 min");
    expect(formatSpan(3_600_000)).toBe("1 h");
    expect(formatSpan(3_599_900)).toBe("1 h");
    expect(formatSpan(330_000)).toBe("5 min 30 s");
    expect(formatSpan(2 * 86_400_000 + 4 * 3_600_000)).toBe("2 d 4 h");
    expect(formatSpan(86_400_000 - 30_000)).toBe("1 d");
    expect(formatBrief(8.72 * 60e9, "nanoseconds")).toBe("8.72 min");
    expect(formatBrief(2.5 * 3600e9, "nanoseconds")).toBe("2.50 h");
  });

  it("are cores where they are CPU time, and rates where they are not", () => {
    expect(formatCores(0.8712)).toBe("0.87");
    expect(formatCores(0.0312)).toBe("0.031");
    expect(formatCores(0.0001)).toBe("< 0.001");
    const cpu = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
    expect(formatRate(1.5e9, 1000, "nanoseconds", cpu)).toBe("1.50 cores");
    expect(formatRate(1e9, 1000, "nanoseconds", cpu)).toBe("1.00 core");
    expect(formatRate(3 * 2 ** 20, 1000, "bytes", "memory:alloc_space:bytes::")).toBe("3.00 MiB/s");
    expect(formatRate(1, 0, "nanoseconds", cpu)).toBe("–");
  });

  it("calls time of waiting what it is", () => {
    const waiting = "off_cpu:off_cpu:nanoseconds::";
    expect(formatRate(1.5e9, 1000, "nanoseconds", waiting)).toBe("1.50 threads");
    expect(formatRate(1e9, 1000, "nanoseconds", waiting)).toBe("1.00 thread");
    expect(timeOf("nanoseconds", waiting)).toBe(" of waiting");
    expect(timeOf("nanoseconds", "process_cpu:cpu:nanoseconds::")).toBe(" CPU time");
    expect(timeOf("bytes", "memory:alloc_space:bytes::")).toBe("");
    expect(formatValue(12_300, "count")).toBe("12.3 k");
    expect(formatValue(900, "bytes")).toBe("900 B");
  });
});
