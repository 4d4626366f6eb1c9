package io.emberscope.storage.query;

import io.emberscope.profile.ProfileType;

/// Sums of values by steps of time.
///
/// Steps are whole multiples of their length since the epoch, so a chart that is asked for again a
/// little later shows the same sums. The first and last step count only what is inside the range.
///
/// @param type what the values count
/// @param startMillis start of the first step, in milliseconds since the epoch
/// @param stepMillis length of a step
/// @param values one per step; 0 where there is nothing
public record TimeSeries(ProfileType type, long startMillis, long stepMillis, long[] values) {
    /// Start of a step, in milliseconds since the epoch.
    public long millis(int step) {
        return startMillis + step * stepMillis;
    }

    /// Sum of all steps.
    public long total() {
        long total = 0;
        for (long value : values) {
            total += value;
        }
        return total;
    }
}
