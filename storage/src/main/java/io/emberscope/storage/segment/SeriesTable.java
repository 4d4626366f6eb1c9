package io.emberscope.storage.segment;

import io.emberscope.profile.Series;
import java.io.IOException;
import java.util.List;
import org.apache.parquet.column.ColumnReader;

/// The series of one tenant in a segment, in the order of the samples, so that each is a range of
/// their rows.
final class SeriesTable {
    private static final long SERIES_BYTES = 120;
    private static final long LABEL_BYTES = 16;

    private final Series[] series;
    private final long[] firstMicros;
    private final long[] lastMicros;
    private final long[] ends;
    private final long bytes;

    private SeriesTable(
            Series[] series, long[] firstMicros, long[] lastMicros, long[] ends, long bytes) {
        this.series = series;
        this.firstMicros = firstMicros;
        this.lastMicros = lastMicros;
        this.ends = ends;
        this.bytes = bytes;
    }

    static SeriesTable read(TableReader reader) throws IOException {
        int count = 0;
        for (int group = 0; group < reader.groups(); group++) {
            count += reader.rows(group);
        }
        Filling filling = new Filling(count);
        for (int group = 0; group < reader.groups(); group++) {
            Columns columns =
                    reader.read(
                            group,
                            Tables.SERIES_SCHEMA,
                            List.of("profile_type", "labels", "first_ts", "last_ts", "samples"));
            columns.decode(() -> filling.read(columns));
        }
        return filling.finish();
    }

    int size() {
        return series.length;
    }

    Series series(int place) {
        return series[place];
    }

    long firstMicros(int place) {
        return firstMicros[place];
    }

    long lastMicros(int place) {
        return lastMicros[place];
    }

    long start(int place) {
        return place == 0 ? 0 : ends[place - 1];
    }

    long end(int place) {
        return ends[place];
    }

    long bytes() {
        return bytes;
    }

    private static final class Filling {
        private final Series[] series;
        private final long[] firstMicros;
        private final long[] lastMicros;
        private final long[] ends;
        private final SeriesDecoder decoder = new SeriesDecoder(Integer.MAX_VALUE);
        private long bytes;
        private int size;
        private long rows;

        Filling(int count) {
            series = new Series[count];
            firstMicros = new long[count];
            lastMicros = new long[count];
            ends = new long[count];
        }

        void read(Columns columns) throws IOException {
            SeriesDecoder.Rows decoded = decoder.rows(columns);
            ColumnReader first = columns.column("first_ts");
            ColumnReader last = columns.column("last_ts");
            ColumnReader samples = columns.column("samples");
            for (int i = columns.rows(); i > 0; i--) {
                series[size] = decoded.next();
                firstMicros[size] = first.getLong();
                first.consume();
                lastMicros[size] = last.getLong();
                last.consume();
                rows += samples.getLong();
                samples.consume();
                ends[size] = rows;
                bytes += SERIES_BYTES + LABEL_BYTES * series[size].labels().size();
                size++;
            }
        }

        SeriesTable finish() {
            return new SeriesTable(
                    series, firstMicros, lastMicros, ends, bytes + decoder.textBytes());
        }
    }
}
