package io.emberscope.profile;

/// The samples of one series in one span of time.
///
/// @param series whose samples they are
/// @param startNanos start, in nanoseconds since the Unix epoch
/// @param durationNanos length, at least 0
/// @param period distance between two samples in the type's period unit, or 0 if unknown
/// @param stacks indices into the batch's stacks, one per sample
/// @param values one per sample, in the type's sample unit
public record Profile(
        Series series,
        long startNanos,
        long durationNanos,
        long period,
        int[] stacks,
        long[] values) {
    public Profile {
        if (stacks.length != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " (expected: " + stacks.length + ", as stacks)");
        }
    }

    /// Number of samples.
    public int size() {
        return stacks.length;
    }

    /// Sum of the values.
    public long total() {
        long total = 0;
        for (long value : values) {
            total += value;
        }
        return total;
    }
}
