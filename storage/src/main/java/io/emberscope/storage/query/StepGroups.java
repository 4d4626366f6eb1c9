package io.emberscope.storage.query;

import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Sums by steps of time; if a label is named, apart for each of its values. Not safe for use by
/// several threads.
public final class StepGroups {
    private final QueryContext context;
    private final @Nullable String label;
    private final StepSums none;
    private final Map<String, StepSums> groups = new TreeMap<>();

    /// @param label whose values are summed apart, or null for one sum of all
    /// @throws QueryStoppedException if there would be more than 11,000 steps
    public StepGroups(@Nullable String label, TimeRange range, Duration step, QueryContext context)
            throws QueryStoppedException {
        this.context = context;
        this.label = label;
        this.none = new StepSums(range, step);
    }

    /// Where the samples of a series with these labels go; the same object for all series that are
    /// summed together.
    public StepSums sums(Labels labels) throws IOException {
        if (label == null) {
            return none;
        }
        String value = labels.get(label);
        StepSums sums = groups.get(value);
        if (sums == null) {
            StackSums.checkRoom(label, groups.size());
            sums = none.empty(context);
            groups.put(value, sums);
        }
        return sums;
    }

    /// The sums by those values of the label that have samples, in their order; series without the
    /// label are under the empty text. One entry of that name if no label was named.
    public Map<String, TimeSeries> toSeries(ProfileType type) {
        Map<String, TimeSeries> series = new LinkedHashMap<>();
        if (label == null) {
            series.put("", none.toSeries(type));
        }
        groups.forEach(
                (value, sums) -> {
                    if (!sums.isEmpty()) {
                        series.put(value, sums.toSeries(type));
                    }
                });
        return series;
    }
}
