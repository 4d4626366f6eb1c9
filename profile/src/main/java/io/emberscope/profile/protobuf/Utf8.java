package io.emberscope.profile.protobuf;

import io.emberscope.base.bytes.MalformedInputException;
import java.nio.charset.StandardCharsets;

/// Texts of bounded length out of bytes. What is not UTF-8 becomes U+FFFD, which may be longer than
/// what it replaces, so the length of the text is judged too.
final class Utf8 {
    private static final String MORE = "...";
    private static final char REPLACEMENT = '\ufffd';

    private Utf8() {}

    /// The whole text.
    static String read(byte[] bytes, int offset, int length, int bytesMax, String field)
            throws MalformedInputException {
        check(length, bytesMax, field);
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        if (mayHaveGrown(text)) {
            check(size(text), bytesMax, field);
        }
        return text;
    }

    /// The text, or if it is too long as much of its start as fits together with `...`.
    static String cut(byte[] bytes, int offset, int length, int bytesMax) {
        int read = Math.min(length, bytesMax);
        String text = new String(bytes, offset, read, StandardCharsets.UTF_8);
        if (read == length && (!mayHaveGrown(text) || size(text) <= bytesMax)) {
            return text;
        }
        int kept = 0;
        int left = bytesMax - MORE.length();
        while (kept < text.length()) {
            int character = text.codePointAt(kept);
            left -= size(character);
            if (left < 0) {
                break;
            }
            kept += Character.charCount(character);
        }
        return text.substring(0, kept) + MORE;
    }

    private static void check(int size, int bytesMax, String field) throws MalformedInputException {
        if (size > bytesMax) {
            throw Refusal.of(field, size + " bytes", "at most " + bytesMax);
        }
    }

    private static boolean mayHaveGrown(String text) {
        return text.indexOf(REPLACEMENT) >= 0;
    }

    private static int size(String text) {
        int size = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            size += size(text.codePointAt(i));
        }
        return size;
    }

    private static int size(int character) {
        if (character < 0x80) {
            return 1;
        }
        if (character < 0x800) {
            return 2;
        }
        return Character.isBmpCodePoint(character) ? 3 : 4;
    }
}
