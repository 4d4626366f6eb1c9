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

/// Decodes series. Equal texts that are not far from each other are one object.
final class SeriesDecoder {
    /// Columns that it reads.
    static final List<String> COLUMNS = List.of("profile_type", "labels");

    private final int knownMax;
    private final Map<Binary, String> texts = new HashMap<>();
    private final Map<String, ProfileType> types = new HashMap<>();
    private long textBytes;

    /// @param knownMax most texts that are kept
    SeriesDecoder(int knownMax) {
        this.knownMax = knownMax;
    }

    /// Memory of the texts, estimated.
    long textBytes() {
        return textBytes;
    }

    /// Begins a row group.
    Rows rows(Columns columns) throws IOException {
        return new Rows(columns);
    }

    /// The series of a row group, one after the other.
    final class Rows {
        private final ColumnReader type;
        private final ColumnReader key;
        private final ColumnReader value;

        private Rows(Columns columns) throws IOException {
            type = columns.column("profile_type");
            key = columns.column("labels", "key_value", "key");
            value = columns.column("labels", "key_value", "value");
        }

        Series next() throws IOException {
            Series series = new Series(type(text(type.getBinary())), labels());
            type.consume();
            return series;
        }

        private Labels labels() {
            TreeMap<String, String> labels = new TreeMap<>();
            do {
                if (key.getCurrentDefinitionLevel() == 1) {
                    labels.put(text(key.getBinary()), text(value.getBinary()));
                }
                key.consume();
                value.consume();
            } while (key.getCurrentRepetitionLevel() == 1);
            return Labels.of(labels);
        }
    }

    private String text(Binary binary) {
        String known = texts.get(binary);
        if (known == null) {
            known = binary.toStringUsingUTF8();
            textBytes += 48L + known.length();
            if (texts.size() == knownMax) {
                texts.clear();
            }
            texts.put(binary.copy(), known);
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
