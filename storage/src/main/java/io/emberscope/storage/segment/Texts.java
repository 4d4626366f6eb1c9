package io.emberscope.storage.segment;

import java.util.HashMap;
import java.util.Map;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/// Texts as Parquet wants them, of which most come more than once, near each other.
final class Texts {
    private static final int KNOWN_MAX = 10_000;

    private final Map<String, Binary> known = new HashMap<>();

    /// The text; null if it is empty.
    @Nullable Binary of(String text) {
        if (text.isEmpty()) {
            return null;
        }
        Binary binary = known.get(text);
        if (binary == null) {
            binary = Binary.fromString(text);
            if (known.size() == KNOWN_MAX) {
                known.clear();
            }
            known.put(text, binary);
        }
        return binary;
    }
}
