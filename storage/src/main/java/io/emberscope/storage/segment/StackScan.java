package io.emberscope.storage.segment;

import io.emberscope.storage.query.LongSums;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Sums by stack over one row group.
///
/// Rows of one stack are neighbours within a series, so a sum is made of each run of them; and runs
/// are summed by their place in the dictionary, so that an id is looked up once for each target and
/// row group, not once for each series.
final class StackScan extends SampleScan<StackSums.Sink> {
    private static final int NONE = -1;

    private final boolean isPartial;
    private final List<Found> found = new ArrayList<>();
    private long reserved;
    private long readingReserved;

    private @Nullable LongPages stacks;
    private @Nullable LongPages values;
    private @Nullable LongPages times;
    private boolean[] inside = {};

    // Sums of the current target by place in the dictionary.
    private long[] sums = {};
    private boolean[] isTouched = {};
    private int[] touched = {};
    private int touchedCount;

    // Sums of the current target of stacks that are in no dictionary, one for each run.
    private long[] runIds = {};
    private long[] runSums = {};
    private int runs;

    /// What was found for a target.
    private record Found(StackSums.Sink target, long[] ids, long[] sums) {}

    /// @param isPartial whether rows may be outside the range
    StackScan(
            Group group,
            List<Piece<StackSums.Sink>> pieces,
            boolean isPartial,
            TimeRange range,
            QueryContext context) {
        super(group, pieces, range, context);
        this.isPartial = isPartial;
    }

    @Override
    List<String> columns() {
        return isPartial ? List.of("ts", "stack_id", "value") : List.of("stack_id", "value");
    }

    @Override
    void begin(Columns columns, StackSums.Sink any) throws IOException {
        stacks = columns.longs("stack_id", true);
        values = columns.longs("value", false);
        if (isPartial) {
            times = columns.longs("ts", true);
            long[] known = times.dictionary();
            inside = new boolean[known.length];
            for (int i = 0; i < known.length; i++) {
                inside[i] = isInside(known[i]);
            }
        }
        int size = stacks.dictionary().length;
        readingReserved = (long) size * (2 * Long.BYTES + Integer.BYTES + 1);
        context().reserve(readingReserved);
        sums = new long[size];
        isTouched = new boolean[size];
        touched = new int[size];
    }

    @Override
    int seek(int row) throws IOException {
        int count = Math.min(stacks().seek(row), values().seek(row));
        return times == null ? count : Math.min(count, times.seek(row));
    }

    @Override
    void take(StackSums.Sink target, int row, int count) throws IOException {
        LongPages values = values();
        int offset = values.index(row);
        if (times != null && !isAllInside(times, row, count)) {
            takeSome(times, row, count);
        } else if (stacks().hasPlaces()) {
            takePlaces(stacks().places(), stacks().index(row), values.values(), offset, count);
        } else {
            takeIds(stacks().values(), stacks().index(row), values.values(), offset, count);
        }
    }

    private boolean isAllInside(LongPages times, int row, int count) {
        int at = times.index(row);
        for (int i = at; i < at + count; i++) {
            if (!isInside(times, i)) {
                return false;
            }
        }
        return true;
    }

    private boolean isInside(LongPages times, int index) {
        return times.hasPlaces() ? inside[times.places()[index]] : isInside(times.values()[index]);
    }

    private void takeSome(LongPages times, int row, int count) throws QueryStoppedException {
        int time = times.index(row);
        int stack = stacks().index(row);
        int value = values().index(row);
        for (int i = 0; i < count; i++) {
            if (!isInside(times, time + i)) {
                continue;
            }
            long amount = values().values()[value + i];
            if (stacks().hasPlaces()) {
                addPlace(stacks().places()[stack + i], amount);
            } else {
                addRun(stacks().values()[stack + i], amount);
            }
        }
    }

    private void takePlaces(int[] places, int stack, long[] values, int value, int count)
            throws QueryStoppedException {
        int run = NONE;
        long sum = 0;
        for (int i = 0; i < count; i++) {
            int place = places[stack + i];
            long amount = values[value + i];
            long more = sum + amount;
            if (place != run || ((sum ^ more) & (amount ^ more)) < 0) {
                if (run != NONE) {
                    addPlace(run, sum);
                }
                run = place;
                more = amount;
            }
            sum = more;
        }
        if (run != NONE) {
            addPlace(run, sum);
        }
    }

    private void takeIds(long[] ids, int stack, long[] values, int value, int count)
            throws QueryStoppedException {
        for (int i = 0; i < count; i++) {
            addRun(ids[stack + i], values[value + i]);
        }
    }

    private void addPlace(int place, long amount) throws QueryStoppedException {
        if (!isTouched[place]) {
            isTouched[place] = true;
            touched[touchedCount++] = place;
            sums[place] = amount;
            return;
        }
        sums[place] = LongSums.exactSum(sums[place], amount);
    }

    private void addRun(long id, long amount) throws QueryStoppedException {
        if (runs > 0 && runIds[runs - 1] == id) {
            runSums[runs - 1] = LongSums.exactSum(runSums[runs - 1], amount);
            return;
        }
        if (runs == runIds.length) {
            int more = Math.max(64, runs * 2);
            long bytes = (long) (more - runs) * 2 * Long.BYTES;
            context().reserve(bytes);
            readingReserved += bytes;
            runIds = Arrays.copyOf(runIds, more);
            runSums = Arrays.copyOf(runSums, more);
        }
        runIds[runs] = id;
        runSums[runs++] = amount;
    }

    @Override
    void end(StackSums.Sink target) throws IOException {
        int count = touchedCount + runs;
        reserve((long) count * 2 * Long.BYTES);
        long[] ids = new long[count];
        long[] amounts = new long[count];
        long[] known = stacks().dictionary();
        for (int i = 0; i < touchedCount; i++) {
            int place = touched[i];
            ids[i] = known[place];
            amounts[i] = sums[place];
            isTouched[place] = false;
        }
        System.arraycopy(runIds, 0, ids, touchedCount, runs);
        System.arraycopy(runSums, 0, amounts, touchedCount, runs);
        touchedCount = 0;
        runs = 0;
        found.add(new Found(target, ids, amounts));
    }

    @Override
    void finish() {
        stacks = null;
        values = null;
        times = null;
        inside = new boolean[0];
        sums = new long[0];
        isTouched = new boolean[0];
        touched = new int[0];
        runIds = new long[0];
        runSums = new long[0];
        context().release(readingReserved);
    }

    @Override
    public void add() throws IOException {
        for (Found one : found) {
            for (int i = 0; i < one.ids.length; i++) {
                one.target.add(one.ids[i], one.sums[i]);
            }
        }
        found.clear();
        context().release(reserved);
    }

    private void reserve(long bytes) throws QueryStoppedException {
        context().reserve(bytes);
        reserved += bytes;
    }

    private LongPages stacks() {
        return Objects.requireNonNull(stacks);
    }

    private LongPages values() {
        return Objects.requireNonNull(values);
    }
}
