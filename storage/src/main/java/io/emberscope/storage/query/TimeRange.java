package io.emberscope.storage.query;

import java.time.Instant;

/// A span of time, from its start up to but not including its end.
///
/// Profiles belong to a range by their start: one that starts inside counts whole, one that starts
/// before counts not at all. Starts are kept in microseconds (rounded down), so the range is read
/// in microseconds too.
///
/// @param from first instant inside
/// @param to first instant after
public record TimeRange(Instant from, Instant to) {
    private static final long MICROS = 1_000_000L;

    /// @throws IllegalArgumentException if the end is before the start
    public TimeRange {
        if (to.isBefore(from)) {
            throw new IllegalArgumentException(
                    "range: " + from + ".." + to + " (expected: from not after to)");
        }
    }

    /// The range between two times in milliseconds since the epoch.
    public static TimeRange ofMillis(long from, long to) {
        return new TimeRange(Instant.ofEpochMilli(from), Instant.ofEpochMilli(to));
    }

    /// First microsecond since the epoch that is inside.
    public long fromMicros() {
        return ceilMicros(from);
    }

    /// First microsecond since the epoch that is after.
    public long toMicros() {
        return ceilMicros(to);
    }

    /// Whether a start, in microseconds since the epoch, is inside.
    public boolean contains(long micros) {
        return micros >= fromMicros() && micros < toMicros();
    }

    /// Start in nanoseconds since the epoch, or the nearest that fits 64 bits.
    public long startNanos() {
        return saturatedNanos(from);
    }

    /// Length in nanoseconds, or the longest that fits 64 bits.
    public long durationNanos() {
        long start = saturatedNanos(from);
        long end = saturatedNanos(to);
        long length = end - start;
        return length < 0 ? Long.MAX_VALUE : length;
    }

    private static long ceilMicros(Instant instant) {
        long seconds = instant.getEpochSecond();
        if (seconds > Long.MAX_VALUE / MICROS - 1) {
            return Long.MAX_VALUE;
        }
        if (seconds < Long.MIN_VALUE / MICROS + 1) {
            return Long.MIN_VALUE;
        }
        return seconds * MICROS + (instant.getNano() + 999) / 1000;
    }

    private static long saturatedNanos(Instant instant) {
        long nanosMax = Long.MAX_VALUE / 1_000_000_000L - 1;
        if (instant.getEpochSecond() > nanosMax) {
            return Long.MAX_VALUE;
        }
        if (instant.getEpochSecond() < -nanosMax) {
            return Long.MIN_VALUE;
        }
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }
}
