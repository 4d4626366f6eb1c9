package io.emberscope.collector.process;

import java.nio.charset.StandardCharsets;

/// Names as processes chose them, made fit for labels.
public final class Names {
    private static final int FILE_NAME_LENGTH_MAX = 255;
    private static final String DELETED = " (deleted)";

    private Names() {}

    /// The last part of a path, without the kernel's mark of a deleted file.
    public static String fileName(String path) {
        String whole =
                path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
        String name = whole.substring(whole.lastIndexOf('/') + 1);
        return clean(
                name.length() > FILE_NAME_LENGTH_MAX
                        ? name.substring(0, FILE_NAME_LENGTH_MAX)
                        : name);
    }

    /// The name of a thread from the 16 bytes the kernel keeps, which end at the first zero.
    ///
    /// @param first bytes 0 to 7, the first one lowest
    /// @param second bytes 8 to 15
    public static String threadName(long first, long second) {
        byte[] bytes = new byte[16];
        int length = 0;
        while (length < bytes.length) {
            long word = length < 8 ? first : second;
            byte b = (byte) (word >>> (8 * (length & 7)));
            if (b == 0) {
                break;
            }
            bytes[length++] = b;
        }
        return clean(new String(bytes, 0, length, StandardCharsets.UTF_8));
    }

    /// The text with every control character shown as a question mark.
    public static String clean(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                char[] chars = text.toCharArray();
                for (int j = i; j < chars.length; j++) {
                    if (Character.isISOControl(chars[j])) {
                        chars[j] = '?';
                    }
                }
                return new String(chars);
            }
        }
        return text;
    }
}
