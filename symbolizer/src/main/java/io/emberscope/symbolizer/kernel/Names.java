package io.emberscope.symbolizer.kernel;

import io.emberscope.base.bytes.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Names in one array, each ended by a zero byte and known by its offset. The padding that
/// compilers put before a function has a symbol of its own, `__pfx_` and the function's name: half
/// of all symbols, so it shares the function's name and has only a bit set.
final class Names {
    static final int BYTES_MAX = 64 * 1024 * 1024;

    private static final int PADDING = 1 << 31;
    private static final byte[] PADDING_PREFIX = "__pfx_".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[64 * 1024];
    private int length;
    private int lastOffset;
    private int lastLength = -1;

    /// Keeps a name; one that equals the last is not kept twice.
    ///
    /// @return the reference it is known by
    int add(byte[] from, int start, int count) throws MalformedInputException {
        int prefix = PADDING_PREFIX.length;
        if (count > prefix
                && Arrays.equals(from, start, start + prefix, PADDING_PREFIX, 0, prefix)) {
            return keep(from, start + prefix, count - prefix) | PADDING;
        }
        return keep(from, start, count);
    }

    private int keep(byte[] from, int start, int count) throws MalformedInputException {
        if (count == lastLength
                && Arrays.equals(
                        from, start, start + count, bytes, lastOffset, lastOffset + count)) {
            return lastOffset;
        }
        if (count >= BYTES_MAX - length) {
            throw new MalformedInputException(
                    "kernel symbols: names (expected: at most " + BYTES_MAX + " bytes)");
        }
        if (bytes.length - length <= count) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count + 1, length + (length >> 1)));
        }
        System.arraycopy(from, start, bytes, length, count);
        lastOffset = length;
        lastLength = count;
        length += count + 1;
        bytes[length - 1] = 0;
        return lastOffset;
    }

    /// Forgets the room that is not used.
    void trim() {
        bytes = Arrays.copyOf(bytes, length);
    }

    /// Memory it takes.
    long bytes() {
        return bytes.length;
    }

    /// The name, as text.
    String text(int reference) {
        int offset = reference & ~PADDING;
        String name = new String(bytes, offset, lengthAt(offset), StandardCharsets.UTF_8);
        return isPadding(reference) ? "__pfx_" + name : name;
    }

    /// Which of two names an address is known by: the shorter, then the first in the order of
    /// bytes.
    boolean isBetter(int reference, int than) {
        byte[] name = text(reference).getBytes(StandardCharsets.UTF_8);
        byte[] other = text(than).getBytes(StandardCharsets.UTF_8);
        return name.length != other.length
                ? name.length < other.length
                : Arrays.compareUnsigned(name, other) < 0;
    }

    private static boolean isPadding(int reference) {
        return (reference & PADDING) != 0;
    }

    private int lengthAt(int offset) {
        int end = offset;
        while (bytes[end] != 0) {
            end++;
        }
        return end - offset;
    }
}
