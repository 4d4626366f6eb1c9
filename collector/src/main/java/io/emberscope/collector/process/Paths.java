package io.emberscope.collector.process;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Turns the bytes of a path into text, mostly into text it made before: the same few hundred files
/// are mapped over and over. Forgets by overwriting, so no stranger can fill it. Not safe for use
/// by several threads.
public final class Paths {
    private static final int SLOTS = 2048;

    private final @Nullable Known[] slots = new @Nullable Known[SLOTS];

    private record Known(byte[] bytes, String text) {}

    /// The text; what is not UTF-8 becomes U+FFFD. The bytes are kept and must not change.
    public String of(byte[] path) {
        int slot = Arrays.hashCode(path) & (SLOTS - 1);
        Known known = slots[slot];
        if (known == null || !Arrays.equals(known.bytes, path)) {
            known = new Known(path, new String(path, StandardCharsets.UTF_8));
            slots[slot] = known;
        }
        return known.text;
    }
}
