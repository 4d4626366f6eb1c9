package io.emberscope.storage.segment;

import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.StepSums;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Sums by steps of time over one row group.
final class TimeScan extends SampleScan<StepSums> {
    private static final int OUTSIDE = -1;

    /// What was found, by where it goes.
    private final IdentityHashMap<StepSums, StepSums> found = new IdentityHashMap<>();

    private @Nullable LongPages times;
    private @Nullable LongPages values;

    /// The step of each time in the dictionary.
    private int[] steps = {};

    TimeScan(Group group, List<Piece<StepSums>> pieces, TimeRange range, QueryContext context) {
        super(group, pieces, range, context);
    }

    @Override
    List<String> columns() {
        return List.of("ts", "value");
    }

    @Override
    void begin(Columns columns, StepSums any) throws IOException {
        LongPages opened = columns.longs("ts", true);
        long[] known = opened.dictionary();
        steps = new int[known.length];
        for (int i = 0; i < known.length; i++) {
            steps[i] = isInside(known[i]) ? any.step(known[i]) : OUTSIDE;
        }
        times = opened;
        values = columns.longs("value", false);
    }

    @Override
    int seek(int row) throws IOException {
        return Math.min(times().seek(row), values().seek(row));
    }

    @Override
    void take(StepSums target, int row, int count) throws IOException {
        StepSums sums = found.get(target);
        if (sums == null) {
            sums = target.empty(context());
            found.put(target, sums);
        }
        int time = times().index(row);
        long[] amounts = values().values();
        int value = values().index(row);
        if (times().hasPlaces()) {
            int[] places = times().places();
            for (int i = 0; i < count; i++) {
                int step = steps[places[time + i]];
                if (step != OUTSIDE) {
                    sums.addAt(step, amounts[value + i]);
                }
            }
        } else {
            long[] micros = times().values();
            for (int i = 0; i < count; i++) {
                if (isInside(micros[time + i])) {
                    sums.add(micros[time + i], amounts[value + i]);
                }
            }
        }
    }

    @Override
    void end(StepSums target) {
        // The next piece may have the same target.
    }

    @Override
    void finish() {
        times = null;
        values = null;
        steps = new int[0];
    }

    @Override
    public void add() throws IOException {
        for (Map.Entry<StepSums, StepSums> one : found.entrySet()) {
            one.getKey().add(one.getValue());
            one.getValue().release(context());
        }
        found.clear();
    }

    private LongPages times() {
        return Objects.requireNonNull(times);
    }

    private LongPages values() {
        return Objects.requireNonNull(values);
    }
}
