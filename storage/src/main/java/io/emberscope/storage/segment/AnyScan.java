package io.emberscope.storage.segment;

import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Looks for one sample inside the range in one row group.
final class AnyScan extends SampleScan<SeriesTable> {
    private @Nullable LongPages times;
    private boolean found;

    AnyScan(Group group, List<Piece<SeriesTable>> pieces, TimeRange range, QueryContext context) {
        super(group, pieces, range, context);
    }

    /// Whether there is one.
    boolean isFound() {
        return found;
    }

    @Override
    List<String> columns() {
        return List.of("ts");
    }

    @Override
    void begin(Columns columns, SeriesTable any) throws IOException {
        times = columns.longs("ts", false);
    }

    @Override
    int seek(int row) throws IOException {
        return times().seek(row);
    }

    @Override
    void take(SeriesTable target, int row, int count) {
        int first = times().index(row);
        for (int i = first; i < first + count && !found; i++) {
            found = isInside(times().values()[i]);
        }
    }

    @Override
    void end(SeriesTable target) {
        // There is one target only.
    }

    @Override
    void finish() {
        times = null;
    }

    @Override
    public void add() {
        // Nothing is added.
    }

    private LongPages times() {
        return Objects.requireNonNull(times);
    }
}
