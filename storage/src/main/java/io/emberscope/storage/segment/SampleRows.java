package io.emberscope.storage.segment;

import io.emberscope.profile.Series;
import io.emberscope.storage.query.LongIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.io.api.Binary;

/// The samples of one row group at most, in the order of their table, before they are encoded.
///
/// Rows of one series are neighbours, so a series is a range of rows.
final class SampleRows {
    private static final int DISTINCT_ALWAYS = 256;
    private static final int ROWS_PER_DISTINCT = 32;
    private static final int CAPACITY_FIRST = 1 << 10;

    private final ColumnFill segment;
    private final Texts texts = new Texts();
    private int size;
    private long[] micros = new long[CAPACITY_FIRST];
    private int[] millis = new int[CAPACITY_FIRST];
    private long[] stackIds = new long[CAPACITY_FIRST];
    private long[] values = new long[CAPACITY_FIRST];
    private long[] periods = new long[CAPACITY_FIRST];

    private final List<Series> series = new ArrayList<>();
    private long[] seriesIds = new long[16];

    /// First row after each series but the last, which goes on to the end.
    private int[] ends = new int[16];

    SampleRows(ColumnFill segment) {
        this.segment = segment;
    }

    int size() {
        return size;
    }

    boolean isFull() {
        return size == Tables.ROW_GROUP_ROWS;
    }

    /// Forgets all.
    void clear() {
        size = 0;
        series.clear();
    }

    /// The rows that follow are of this series.
    void begin(long id, Series next) {
        int count = series.size();
        if (count > 0) {
            ends[count - 1] = size;
        }
        if (count == seriesIds.length) {
            seriesIds = Arrays.copyOf(seriesIds, count * 2);
            ends = Arrays.copyOf(ends, count * 2);
        }
        seriesIds[count] = id;
        series.add(next);
    }

    /// Adds to the value of the last row.
    ///
    /// @return false if that differs in more than the value or the sum does not fit; nothing was
    ///   done
    boolean join(long start, int length, long stackId, long value, long period) {
        int last = size - 1;
        int first = series.size() == 1 ? 0 : ends[series.size() - 2];
        if (last < first
                || stackIds[last] != stackId
                || micros[last] != start
                || millis[last] != length
                || periods[last] != period
                || !fits(values[last], value)) {
            return false;
        }
        values[last] += value;
        return true;
    }

    void add(long start, int length, long stackId, long value, long period) {
        if (size == values.length) {
            grow();
        }
        micros[size] = start;
        millis[size] = length;
        stackIds[size] = stackId;
        values[size] = value;
        periods[size] = period;
        size++;
    }

    /// How these rows are encoded best.
    ParquetProperties properties() {
        List<String> dictionary =
                new ArrayList<>(List.of("stack_id", "series_id", "period", "dur_ms"));
        if (isRepetitive(micros)) {
            dictionary.add("ts");
        }
        if (isRepetitive(values)) {
            dictionary.add("value");
        }
        return Tables.properties(Tables.SAMPLES_SCHEMA, dictionary.toArray(String[]::new));
    }

    List<ColumnFill> columns() {
        if (!series.isEmpty()) {
            ends[series.size() - 1] = size;
        }
        List<ColumnFill> columns = new ArrayList<>();
        columns.add(ColumnFill.of(micros));
        columns.add(ColumnFill.of(millis));
        columns.add(perSeries(one -> one.type().id(), false));
        for (String label : Tables.LABEL_COLUMNS) {
            columns.add(perSeries(one -> one.labels().get(label), true));
        }
        columns.add(
                (writer, from, to) ->
                        eachSeries(
                                from,
                                to,
                                (place, start, end) -> {
                                    for (int row = start; row < end; row++) {
                                        writer.write(seriesIds[place], 0, 0);
                                    }
                                }));
        columns.add(ColumnFill.of(stackIds));
        columns.add(ColumnFill.of(values));
        columns.add(ColumnFill.of(periods));
        columns.add(segment);
        return columns;
    }

    /// Whether the numbers of a column repeat so much that a dictionary of them is worth it.
    private boolean isRepetitive(long[] column) {
        LongIndex distinct = new LongIndex();
        int most = Math.max(DISTINCT_ALWAYS, size / ROWS_PER_DISTINCT);
        for (int i = 0; i < size && distinct.size() <= most; i++) {
            distinct.add(column[i]);
        }
        return distinct.size() <= most;
    }

    private ColumnFill perSeries(Function<Series, String> text, boolean optional) {
        return (writer, from, to) ->
                eachSeries(
                        from,
                        to,
                        (place, start, end) -> {
                            Binary value = texts.of(text.apply(series.get(place)));
                            for (int row = start; row < end; row++) {
                                ColumnFill.text(writer, value, optional);
                            }
                        });
    }

    /// Calls the action for each series that has rows in a range, with those rows.
    private void eachSeries(int from, int to, SeriesRange action) {
        int found = Arrays.binarySearch(ends, 0, series.size(), from);
        int place = found < 0 ? -1 - found : found + 1;
        int start = from;
        while (start < to) {
            int end = Math.min(to, ends[place]);
            action.accept(place, start, end);
            start = end;
            place++;
        }
    }

    private interface SeriesRange {
        void accept(int place, int start, int end);
    }

    private void grow() {
        int capacity = Math.min(Tables.ROW_GROUP_ROWS, size * 2);
        micros = Arrays.copyOf(micros, capacity);
        millis = Arrays.copyOf(millis, capacity);
        stackIds = Arrays.copyOf(stackIds, capacity);
        values = Arrays.copyOf(values, capacity);
        periods = Arrays.copyOf(periods, capacity);
    }

    private static boolean fits(long a, long b) {
        long sum = a + b;
        return ((a ^ sum) & (b ^ sum)) >= 0;
    }
}
