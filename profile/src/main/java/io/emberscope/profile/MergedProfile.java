package io.emberscope.profile;

import java.util.List;

/// Sums by stack over many profiles of one type: what a query finds and flame graphs, tables and
/// downloads are made from.
///
/// @param type what the values count
/// @param startNanos start of the time asked for, in nanoseconds since the Unix epoch
/// @param durationNanos length of the time asked for
/// @param frames every frame once
/// @param stacks every stack once, as indices into `frames`, leaf first
/// @param values one per stack
public record MergedProfile(
        ProfileType type,
        long startNanos,
        long durationNanos,
        List<Frame> frames,
        List<int[]> stacks,
        long[] values) {
    public MergedProfile {
        frames = List.copyOf(frames);
        stacks = List.copyOf(stacks);
        if (stacks.size() != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " (expected: " + stacks.size() + ", as stacks)");
        }
    }

    /// Sum of all values.
    public long total() {
        long total = 0;
        for (long value : values) {
            total += value;
        }
        return total;
    }
}
