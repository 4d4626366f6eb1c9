const NANOS_PER_SECOND = 1e9;

/** A share of something, as a percentage that never claims to be zero when it is not. */
export function formatShare(part: number, whole: number): string {
  if (!(whole > 0) || part <= 0) {
    return "0 %";
  }
  const percent = (100 * part) / whole;
  if (percent < 0.01) {
    return "< 0.01 %";
  }
  if (percent < 10) {
    return `${percent.toFixed(2)} %`;
  }
  return `${percent.toFixed(percent < 99.95 ? 1 : 0)} %`;
}

/** A share that should be all of something: it never claims to be when it is not. */
export function formatWhole(part: number, whole: number): string {
  const percent = (100 * part) / whole;
  return part < whole && percent >= 99.95 ? "> 99.9 %" : formatShare(part, whole);
}

/** A duration in two units at most: `3 h 12 min`, `4.21 s`, `38 ms`. */
export function formatNanos(nanos: number): string {
  const seconds = nanos / NANOS_PER_SECOND;
  if (nanos <= 0) {
    return "0 s";
  }
  if (seconds < 1e-6) {
    return `${Math.round(nanos)} ns`;
  }
  if (seconds < 1e-3) {
    return `${significant(seconds * 1e6)} µs`;
  }
  if (seconds < 1) {
    return `${significant(seconds * 1e3)} ms`;
  }
  if (seconds < 60) {
    return `${significant(seconds)} s`;
  }
  return formatSpan(seconds * 1000);
}

const BRIEF: readonly [string, number][] = [
  ["d", 86_400e9],
  ["h", 3_600e9],
  ["min", 60e9],
  ["s", 1e9],
  ["ms", 1e6],
  ["µs", 1e3],
];

/** A value in three digits and one unit, for columns: `8.72 min`. */
export function formatBrief(value: number, unit: string): string {
  if (unit !== "nanoseconds") {
    return formatValue(value, unit);
  }
  for (const [name, length] of BRIEF) {
    if (value >= length) {
      return `${significant(value / length)} ${name}`;
    }
  }
  return value > 0 ? `${Math.round(value)} ns` : "0 s";
}

/** Units and the smaller ones that go with them, in seconds. */
const SPANS: readonly (readonly [string, number, string, number])[] = [
  ["d", 86_400, "h", 3_600],
  ["h", 3_600, "min", 60],
  ["min", 60, "s", 1],
  ["s", 1, "s", 1],
];

/** A length of time in whole seconds or more: `1 h`, `5 min 30 s`, `2 d 4 h`. */
export function formatSpan(millis: number): string {
  if (millis < 500) {
    return `${Math.max(0, Math.round(millis))} ms`;
  }
  for (const [unit, length, smaller, smallerLength] of SPANS) {
    const parts = Math.round(millis / 1000 / smallerLength);
    const ratio = length / smallerLength;
    if (parts >= ratio || length === 1) {
      const rest = parts % ratio;
      return `${Math.floor(parts / ratio)} ${unit}${rest > 0 ? ` ${rest} ${smaller}` : ""}`;
    }
  }
  return "0 s";
}

function significant(value: number): string {
  if (value >= 100) {
    return value.toFixed(0);
  }
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A number of cores: `0.87`, `12.4`, `0.003`. */
export function formatCores(cores: number): string {
  if (cores <= 0) {
    return "0";
  }
  if (cores < 0.001) {
    return "< 0.001";
  }
  if (cores < 0.1) {
    return cores.toFixed(3);
  }
  return cores < 10 ? cores.toFixed(2) : cores.toFixed(1);
}

const SCALES: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const BYTE_SCALES: readonly [number, string][] = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

/** A value in the unit of its profile type. */
export function formatValue(value: number, unit: string): string {
  if (unit === "nanoseconds") {
    return formatNanos(value);
  }
  if (unit === "bytes") {
    for (const [scale, name] of BYTE_SCALES) {
      if (value >= scale) {
        return `${significant(value / scale)} ${name}`;
      }
    }
    return `${Math.round(value)} B`;
  }
  for (const [scale, name] of SCALES) {
    if (value >= scale) {
      return `${significant(value / scale)} ${name}`;
    }
  }
  return String(Math.round(value));
}

/** What a time of a profile type is time of, in front of which a space belongs; else nothing. */
export function timeOf(unit: string, type: string): string {
  if (unit !== "nanoseconds") {
    return "";
  }
  return isCpu(type) ? " CPU time" : " of waiting";
}

function isCpu(type: string): boolean {
  return type.startsWith("process_cpu:") || type.split(":")[1] === "cpu";
}

/** A value per time: cores for CPU time, threads for time of waiting, else the unit a second. */
export function formatRate(value: number, spanMillis: number, unit: string, type: string): string {
  if (!(spanMillis > 0)) {
    return "–";
  }
  if (unit === "nanoseconds") {
    const number = formatCores(value / (spanMillis * 1e6));
    const one = isCpu(type) ? "core" : "thread";
    return `${number} ${number === "1.00" ? one : `${one}s`}`;
  }
  return `${formatValue((value * 1000) / spanMillis, unit)}/s`;
}
