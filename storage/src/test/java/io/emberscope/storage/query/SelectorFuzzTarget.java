package io.emberscope.storage.query;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Labels;
import java.nio.charset.StandardCharsets;

/// Reads any text as a selector and uses it.
public final class SelectorFuzzTarget {
    private static final Labels LABELS =
            Labels.of("a", "web-1", "service_name", "checkout", "pod", "a".repeat(60));

    private SelectorFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Selector selector;
        try {
            selector = Selector.parse(text);
        } catch (MalformedInputException expected) {
            if (!expected.getMessage().startsWith("selector: ")
                    || !expected.getMessage().contains("(expected: ")) {
                throw new AssertionError(expected.getMessage());
            }
            return;
        }
        boolean matched = selector.matches(LABELS);
        try {
            String usual = selector.toString();
            Selector again = Selector.parse(usual);
            if (!again.toString().equals(usual) || again.matches(LABELS) != matched) {
                throw new AssertionError("not the same again: " + usual);
            }
        } catch (MalformedInputException e) {
            throw new AssertionError("our own text is refused", e);
        }
    }
}
