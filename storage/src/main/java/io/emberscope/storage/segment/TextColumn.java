package io.emberscope.storage.segment;

import java.util.HashMap;
import java.util.Map;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;

/// Texts of a column, in which most come more than once: equal ones that are not far from each
/// other are one object.
final class TextColumn {
    private static final int KNOWN_MAX = 100_000;

    private final ColumnReader reader;
    private final int knownMax;
    private final int definedLevel;
    private final Map<Binary, String> known = new HashMap<>();

    TextColumn(ColumnReader reader) {
        this(reader, KNOWN_MAX);
    }

    /// @param knownMax most texts that are kept
    TextColumn(ColumnReader reader, int knownMax) {
        this.reader = reader;
        this.knownMax = knownMax;
        this.definedLevel = reader.getDescriptor().getMaxDefinitionLevel();
    }

    /// The text of the current row; empty if it has none.
    String get() {
        if (reader.getCurrentDefinitionLevel() < definedLevel) {
            return "";
        }
        Binary binary = reader.getBinary();
        String text = known.get(binary);
        if (text == null) {
            text = binary.toStringUsingUTF8();
            if (known.size() == knownMax) {
                known.clear();
            }
            known.put(binary.copy(), text);
        }
        return text;
    }

    /// Goes to the next row.
    void consume() {
        // A value that was not read has to be passed over, and an absent one must not be.
        if (reader.getCurrentDefinitionLevel() == definedLevel) {
            reader.skip();
        }
        reader.consume();
    }
}
