package io.emberscope.storage.segment;

import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.StepSums;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.jspecify.annotations.Nullable;

/// Goes through the samples of one segment: only the columns that are needed, only the pages that
/// hold selected rows, and every value of those read in order.
final class SampleScan {
    private static final int CHECK_ROWS = 1 << 16;

    private final TableReader samples;
    private final TimeRange range;
    private final QueryContext context;
    private final long from;
    private final long to;

    SampleScan(TableReader samples, TimeRange range, QueryContext context) {
        this.samples = samples;
        this.range = range;
        this.context = context;
        this.from = range.fromMicros();
        this.to = range.toMicros();
    }

    /// Adds all values inside the range to the sums of their stacks.
    void byStack(RowSelection<StackSums.Sink> selection) throws IOException {
        if (selection.isPartial()) {
            eachGroup(selection, List.of("ts", "stack_id", "value"), this::byStack);
        } else {
            eachGroup(selection, List.of("stack_id", "value"), this::byStack);
        }
    }

    /// Adds all values inside the range to the step of their start.
    void byTime(RowSelection<StepSums> selection) throws IOException {
        eachGroup(
                selection,
                List.of("ts", "value"),
                (columns, pieces) -> {
                    ColumnReader time = columns.column("ts");
                    ColumnReader value = columns.column("value");
                    for (Piece<StepSums> piece : pieces) {
                        for (int left = piece.length(); left > 0; left--) {
                            check(left);
                            long micros = time.getLong();
                            time.consume();
                            long amount = value.getLong();
                            value.consume();
                            if (micros >= from && micros < to) {
                                piece.target().add(micros, amount);
                            }
                        }
                    }
                });
    }

    /// Whether a row of the selection is inside the range.
    <T> boolean hasRow(RowSelection<T> selection) throws IOException {
        Finder<T> finder = new Finder<>();
        eachGroup(selection, List.of("ts"), finder);
        return finder.found;
    }

    private void byStack(Columns columns, List<Piece<StackSums.Sink>> pieces) throws IOException {
        ColumnReader time = columns.has("ts") ? columns.column("ts") : null;
        ColumnReader stack = columns.column("stack_id");
        ColumnReader value = columns.column("value");
        for (Piece<StackSums.Sink> piece : pieces) {
            sum(piece, time, stack, value);
        }
    }

    /// Rows of one stack are neighbours, so a sum is made of each run before it is looked up.
    private void sum(
            Piece<StackSums.Sink> piece,
            @Nullable ColumnReader time,
            ColumnReader stack,
            ColumnReader value)
            throws IOException {
        StackSums.Sink sink = piece.target();
        long run = 0;
        long runSum = 0;
        boolean running = false;
        for (int left = piece.length(); left > 0; left--) {
            check(left);
            long id = stack.getLong();
            stack.consume();
            long amount = value.getLong();
            value.consume();
            if (time != null) {
                long micros = time.getLong();
                time.consume();
                if (micros < from || micros >= to) {
                    continue;
                }
            }
            long sum = runSum + amount;
            boolean fits = ((runSum ^ sum) & (amount ^ sum)) >= 0;
            if (running && id == run && fits) {
                runSum = sum;
                continue;
            }
            if (running) {
                sink.add(run, runSum);
            }
            running = true;
            run = id;
            runSum = amount;
        }
        if (running) {
            sink.add(run, runSum);
        }
    }

    private interface Decoder<T> {
        void decode(Columns columns, List<Piece<T>> pieces) throws IOException;

        /// Whether what further row groups hold does not matter.
        default boolean isDone() {
            return false;
        }
    }

    /// Looks for one row inside the range.
    private final class Finder<T> implements Decoder<T> {
        private boolean found;

        @Override
        public void decode(Columns columns, List<Piece<T>> pieces) throws IOException {
            ColumnReader time = columns.column("ts");
            for (Piece<T> piece : pieces) {
                for (int left = piece.length(); left > 0 && !found; left--) {
                    check(left);
                    found = range.contains(time.getLong());
                    time.consume();
                }
            }
        }

        @Override
        public boolean isDone() {
            return found;
        }
    }

    private <T> void eachGroup(RowSelection<T> selection, List<String> names, Decoder<T> decoder)
            throws IOException {
        long start = 0;
        for (int group = 0; group < samples.groups(); group++) {
            int rows = samples.rows(group);
            List<Piece<T>> pieces = selection.pieces(start, rows);
            start += rows;
            if (pieces.isEmpty()) {
                continue;
            }
            context.check();
            RowRanges ranges = RowSelection.ranges(pieces, rows);
            Columns columns = samples.read(group, Tables.SAMPLES_SCHEMA, names, ranges);
            columns.decode(() -> decoder.decode(columns, pieces));
            if (decoder.isDone()) {
                return;
            }
        }
    }

    private void check(int row) throws IOException {
        if ((row & (CHECK_ROWS - 1)) == 0) {
            context.check();
        }
    }
}
