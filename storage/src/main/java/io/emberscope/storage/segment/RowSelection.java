package io.emberscope.storage.segment;

import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.jspecify.annotations.Nullable;

/// Rows of the samples that a query has to look at: ranges that do not touch, in order.
final class RowSelection {
    private long[] bounds = new long[16];
    private int size;
    private boolean partial;

    /// The rows of all matching series.
    ///
    /// @param type only series of this type
    /// @param matcher only series that it selects
    static RowSelection of(
            SeriesTable table, ProfileType type, SeriesMatcher matcher, TimeRange range)
            throws IOException {
        StackSums together = new StackSums(null, QueryContext.strict());
        return bySink(table, type, matcher, range, together).values().stream()
                .findFirst()
                .orElseGet(RowSelection::new);
    }

    /// The rows of all matching series, apart for each sink they go to.
    static Map<StackSums.Sink, RowSelection> bySink(
            SeriesTable table,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            StackSums sums)
            throws IOException {
        Map<StackSums.Sink, RowSelection> selections = new LinkedHashMap<>();
        long from = range.fromMicros();
        long to = range.toMicros();
        for (int i = 0; i < table.size(); i++) {
            Labels labels = table.series(i).labels();
            if (table.lastMicros(i) >= from
                    && table.firstMicros(i) < to
                    && table.series(i).type().equals(type)
                    && matcher.matches(labels)) {
                RowSelection selection =
                        selections.computeIfAbsent(sums.sink(labels), _ -> new RowSelection());
                selection.add(table.start(i), table.end(i));
                selection.partial |= table.firstMicros(i) < from || table.lastMicros(i) >= to;
            }
        }
        return selections;
    }

    /// The rows of one series.
    static RowSelection of(SeriesTable table, int place) {
        RowSelection selection = new RowSelection();
        selection.add(table.start(place), table.end(place));
        return selection;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /// Whether some rows may be outside the range of time, so that the time of each must be looked
    /// at.
    boolean isPartial() {
        return partial;
    }

    /// The rows within a row group, counted from its start; null if all, and empty if none.
    ///
    /// @param start first row of the row group
    /// @param rows how many rows it has
    @Nullable RowRanges within(long start, int rows) {
        RowRanges.Builder builder = RowRanges.builder();
        long end = start + rows;
        for (int i = 0; i < size; i += 2) {
            long from = Math.max(bounds[i], start);
            long to = Math.min(bounds[i + 1], end);
            if (from == start && to == end) {
                return null;
            }
            if (from < to) {
                builder.addSelectedRange(from - start, to - start - 1);
            }
        }
        return builder.build();
    }

    private void add(long from, long to) {
        if (size > 0 && bounds[size - 1] == from) {
            bounds[size - 1] = to;
            return;
        }
        if (size == bounds.length) {
            bounds = Arrays.copyOf(bounds, size * 2);
        }
        bounds[size++] = from;
        bounds[size++] = to;
    }
}
