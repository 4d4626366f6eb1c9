package io.emberscope.storage.segment;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;

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
        private final Map<Binary, String> texts = new HashMap<>();
        private final Map<String, ProfileType> types = new HashMap<>();
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
            ColumnReader type = columns.column("profile_type");
            ColumnReader key = columns.column("labels", "key_value", "key");
            ColumnReader value = columns.column("labels", "key_value", "value");
            ColumnReader first = columns.column("first_ts");
            ColumnReader last = columns.column("last_ts");
            ColumnReader samples = columns.column("samples");
            for (int i = columns.rows(); i > 0; i--) {
                series[size] = new Series(type(text(type.getBinary())), labels(key, value));
                type.consume();
                firstMicros[size] = first.getLong();
                first.consume();
                lastMicros[size] = last.getLong();
                last.consume();
                rows += samples.getLong();
                samples.consume();
                ends[size] = rows;
                bytes += SERIES_BYTES;
                size++;
            }
        }

        SeriesTable finish() {
            return new SeriesTable(series, firstMicros, lastMicros, ends, bytes);
        }

        private Labels labels(ColumnReader key, ColumnReader value) {
            TreeMap<String, String> labels = new TreeMap<>();
            do {
                if (key.getCurrentDefinitionLevel() == 1) {
                    labels.put(text(key.getBinary()), text(value.getBinary()));
                    bytes += LABEL_BYTES;
                }
                key.consume();
                value.consume();
            } while (key.getCurrentRepetitionLevel() == 1);
            return Labels.of(labels);
        }

        private String text(Binary binary) {
            String known = texts.get(binary);
            if (known == null) {
                known = binary.toStringUsingUTF8();
                texts.put(binary.copy(), known);
                bytes += 48L + known.length();
            }
            return known;
        }

        private ProfileType type(String id) throws MalformedInputException {
            ProfileType known = types.get(id);
            if (known == null) {
                known = ProfileType.parse(id);
                types.put(id, known);
            }
            return known;
        }
    }
}
