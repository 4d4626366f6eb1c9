package io.emberscope.collector.process;

import java.util.HexFormat;

/// The GNU build id of a binary: up to 20 bytes. Longer ones are none, as for the kernel
/// (`parse_build_id` in lib/buildid.c).
///
/// @param first bytes 0 to 7, the first one lowest
/// @param second bytes 8 to 15
/// @param third bytes 16 to 19
/// @param length in bytes
public record BuildId(long first, long second, int third, int length) {
    /// Not known.
    public static final BuildId NONE = new BuildId(0, 0, 0, 0);

    /// Longest build id in bytes.
    public static final int LENGTH_MAX = 20;

    /// The build id in a range of bytes.
    public static BuildId of(byte[] bytes, int offset, int length) {
        if (length <= 0 || length > LENGTH_MAX) {
            return NONE;
        }
        return new BuildId(
                word(bytes, offset, length),
                word(bytes, offset + 8, length - 8),
                (int) word(bytes, offset + 16, length - 16),
                length);
    }

    /// Whether it is known.
    public boolean isKnown() {
        return length > 0;
    }

    /// Lower-case hexadecimal digits, empty if it is not known.
    public String hex() {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            long word = i < 8 ? first : i < 16 ? second : third;
            bytes[i] = (byte) (word >>> (8 * (i & 7)));
        }
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return hex();
    }

    private static long word(byte[] bytes, int offset, int left) {
        long word = 0;
        for (int i = 0; i < Math.min(left, Long.BYTES); i++) {
            word |= (bytes[offset + i] & 0xffL) << (8 * i);
        }
        return word;
    }
}
