package io.emberscope.storage.segment;

import java.io.IOException;
import java.util.List;
import org.apache.parquet.column.ColumnReader;

/// Goes through samples, without what their series tells.
final class SampleCursor extends TableCursor {
    private final long[] micros = new long[BATCH_ROWS];
    private final int[] millis = new int[BATCH_ROWS];
    private final long[] stackIds = new long[BATCH_ROWS];
    private final long[] values = new long[BATCH_ROWS];
    private final long[] periods = new long[BATCH_ROWS];
    private List<ColumnReader> readers = List.of();

    private long leftOfSeries;
    private long passed;

    SampleCursor(TenantSource source) throws IOException {
        super(
                source,
                Tables.SAMPLES,
                Tables.SAMPLES_SCHEMA,
                List.of("ts", "dur_ms", "stack_id", "value", "period"));
    }

    /// The order of samples within a series.
    static int compare(SampleCursor a, SampleCursor b) {
        int order = Long.compare(a.stackId(), b.stackId());
        if (order == 0) {
            order = Long.compare(a.micros(), b.micros());
        }
        if (order == 0) {
            order = Integer.compare(a.millis(), b.millis());
        }
        return order == 0 ? Long.compare(a.period(), b.period()) : order;
    }

    /// Goes to the first row of a series.
    ///
    /// @param rows how many it has
    /// @return false if it has none
    boolean begin(long rows) throws IOException {
        leftOfSeries = rows;
        return nextOfSeries();
    }

    /// Goes to the next row of the series.
    ///
    /// @return false if there is none
    boolean nextOfSeries() throws IOException {
        if (leftOfSeries <= 0) {
            return false;
        }
        if (!next()) {
            throw source().damaged("fewer samples than its series have");
        }
        leftOfSeries--;
        passed++;
        return true;
    }

    /// Rows that it was at.
    long passed() {
        return passed;
    }

    long micros() {
        return micros[at];
    }

    int millis() {
        return millis[at];
    }

    long stackId() {
        return stackIds[at];
    }

    long value() {
        return values[at];
    }

    long period() {
        return periods[at];
    }

    @Override
    void open(Columns group) throws IOException {
        readers =
                List.of(
                        group.column("ts"),
                        group.column("dur_ms"),
                        group.column("stack_id"),
                        group.column("value"),
                        group.column("period"));
    }

    @Override
    void decode(int rows) {
        decode(readers.get(0), micros, rows);
        ColumnReader length = readers.get(1);
        for (int i = 0; i < rows; i++) {
            millis[i] = length.getInteger();
            length.consume();
        }
        decode(readers.get(2), stackIds, rows);
        decode(readers.get(3), values, rows);
        decode(readers.get(4), periods, rows);
    }

    private static void decode(ColumnReader reader, long[] into, int rows) {
        for (int i = 0; i < rows; i++) {
            into[i] = reader.getLong();
            reader.consume();
        }
    }
}
