package io.emberscope.storage.segment;

import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.jspecify.annotations.Nullable;

/// Rows of the samples that a query has to look at, and where their values go: ranges in order that
/// do not overlap, each with its target. Neighbours with one target are one range.
final class RowSelection<T> {
    private long[] bounds = new long[16];
    private final List<T> targets = new ArrayList<>();
    private boolean partial;

    /// Where the values of a series go.
    interface TargetOf<T> {
        T target(Labels labels) throws IOException;
    }

    /// A range of rows within a row group.
    ///
    /// @param from its first row, counted from the start of the row group
    /// @param length how many rows
    /// @param target where their values go
    record Piece<T>(int from, int length, T target) {}

    /// The rows of all matching series.
    ///
    /// @param type only series of this type
    /// @param matcher only series that it selects
    static <T> RowSelection<T> of(
            SeriesTable table,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            TargetOf<T> targets)
            throws IOException {
        RowSelection<T> selection = new RowSelection<>();
        long from = range.fromMicros();
        long to = range.toMicros();
        for (int i = 0; i < table.size(); i++) {
            Labels labels = table.series(i).labels();
            if (table.lastMicros(i) >= from
                    && table.firstMicros(i) < to
                    && table.series(i).type().equals(type)
                    && matcher.matches(labels)) {
                selection.add(table.start(i), table.end(i), targets.target(labels));
                selection.partial |= table.firstMicros(i) < from || table.lastMicros(i) >= to;
            }
        }
        return selection;
    }

    /// The rows of one series.
    static <T> RowSelection<T> of(SeriesTable table, int place, T target) {
        RowSelection<T> selection = new RowSelection<>();
        selection.add(table.start(place), table.end(place), target);
        return selection;
    }

    boolean isEmpty() {
        return targets.isEmpty();
    }

    /// Whether some rows may be outside the range of time, so that the time of each must be looked
    /// at.
    boolean isPartial() {
        return partial;
    }

    /// The ranges within a row group, in order.
    ///
    /// @param start first row of the row group
    /// @param rows how many rows it has
    List<Piece<T>> pieces(long start, int rows) {
        List<Piece<T>> pieces = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            long from = Math.max(bounds[2 * i], start);
            long to = Math.min(bounds[2 * i + 1], start + rows);
            if (from < to) {
                pieces.add(new Piece<>((int) (from - start), (int) (to - from), targets.get(i)));
            }
        }
        return pieces;
    }

    /// The rows of those ranges; null if they are all rows of the row group.
    static <T> @Nullable RowRanges ranges(List<Piece<T>> pieces, int rows) {
        RowRanges.Builder builder = RowRanges.builder();
        int selected = 0;
        for (Piece<T> piece : pieces) {
            builder.addSelectedRange(piece.from(), piece.from() + piece.length() - 1L);
            selected += piece.length();
        }
        return selected == rows ? null : builder.build();
    }

    @SuppressWarnings("ReferenceEquality") // the same target, not an equal one
    private void add(long from, long to, T target) {
        int last = targets.size() - 1;
        if (last >= 0 && bounds[2 * last + 1] == from && targets.get(last) == target) {
            bounds[2 * last + 1] = to;
            return;
        }
        if (2 * targets.size() == bounds.length) {
            bounds = Arrays.copyOf(bounds, bounds.length * 2);
        }
        bounds[2 * targets.size()] = from;
        bounds[2 * targets.size() + 1] = to;
        targets.add(target);
    }
}
