package io.emberscope.storage.segment;

import io.emberscope.profile.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.jspecify.annotations.Nullable;

/// Goes through series.
final class SeriesCursor extends TableCursor {
    static final Comparator<SeriesCursor> ORDER =
            Comparator.comparing(SeriesCursor::series, TableOrder.SERIES)
                    .thenComparingLong(SeriesCursor::id);

    private final SeriesDecoder decoder = new SeriesDecoder(TEXTS_KNOWN);
    private final long[] ids = new long[BATCH_ROWS];
    private final List<Series> series = new ArrayList<>();
    private final long[] counts = new long[BATCH_ROWS];
    private SeriesDecoder.@Nullable Rows rows;
    private List<ColumnReader> readers = List.of();

    SeriesCursor(TenantSource source) throws IOException {
        super(
                source,
                Tables.SERIES,
                Tables.SERIES_SCHEMA,
                List.of("series_id", "profile_type", "labels", "samples"));
    }

    long id() {
        return ids[at];
    }

    Series series() {
        return series.get(at);
    }

    /// How many samples it has.
    long samples() {
        return counts[at];
    }

    @Override
    void open(Columns group) throws IOException {
        rows = decoder.rows(group);
        readers = List.of(group.column("series_id"), group.column("samples"));
    }

    @Override
    void decode(int count) throws IOException {
        series.clear();
        ColumnReader id = readers.get(0);
        ColumnReader samples = readers.get(1);
        SeriesDecoder.Rows decoded = rows;
        for (int i = 0; i < count && decoded != null; i++) {
            series.add(decoded.next());
            ids[i] = id.getLong();
            id.consume();
            counts[i] = samples.getLong();
            samples.consume();
        }
    }
}
