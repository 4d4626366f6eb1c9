package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import java.util.Arrays;

/// Writes a column of numbers: each as its distance from the lowest one, in as many bits as the
/// farthest one needs; or, if that is shorter, the different numbers so, and of each number which
/// of them it is.
final class ColumnWriter {
    static final int DICTIONARY = 0x80;

    private final long[] entries = new long[Layout.BLOCK];
    private final long[] which = new long[Layout.BLOCK];

    /// @param values numbers, unsigned
    void write(long[] values, int count, ByteWriter out) {
        long lowest = lowest(values, count);
        int width = width(values, count, lowest);
        int plainBytes = bytes(width, count);
        boolean mayRepeat = dictionaryBytes(width, 2, count) < plainBytes && !grow(values, count);
        int different = mayRepeat ? different(values, count) : count;
        if (dictionaryBytes(width, different, count) >= plainBytes) {
            out.u8(width).varint(lowest);
            pack(values, count, lowest, width, out);
            return;
        }
        int whichWidth = bits(different - 1L);
        for (int i = 0; i < count; i++) {
            which[i] = Arrays.binarySearch(entries, 0, different, values[i]);
        }
        out.u8(DICTIONARY | width).varint(lowest).u8(different - 1).u8(whichWidth);
        pack(entries, different, lowest, width, out);
        pack(which, count, 0, whichWidth, out);
    }

    private static int dictionaryBytes(int width, int different, int count) {
        return 2 + bytes(width, different) + bytes(bits(different - 1L), count);
    }

    /// Whether each is more than the one before, as addresses are.
    private static boolean grow(long[] values, int count) {
        for (int i = 1; i < count; i++) {
            if (Long.compareUnsigned(values[i - 1], values[i]) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static long lowest(long[] values, int count) {
        long lowest = values[0];
        for (int i = 1; i < count; i++) {
            lowest = Long.compareUnsigned(values[i], lowest) < 0 ? values[i] : lowest;
        }
        return lowest;
    }

    private static int width(long[] values, int count, long lowest) {
        long all = 0;
        for (int i = 0; i < count; i++) {
            all |= values[i] - lowest;
        }
        return bits(all);
    }

    private int different(long[] values, int count) {
        System.arraycopy(values, 0, entries, 0, count);
        Arrays.sort(entries, 0, count);
        int different = 1;
        for (int i = 1; i < count; i++) {
            if (entries[i] != entries[different - 1]) {
                entries[different++] = entries[i];
            }
        }
        return different;
    }

    private static int bits(long value) {
        return Long.SIZE - Long.numberOfLeadingZeros(value);
    }

    static int bytes(int width, int count) {
        return (width * count + Byte.SIZE - 1) / Byte.SIZE;
    }

    private static void pack(long[] values, int count, long lowest, int width, ByteWriter out) {
        long pending = 0;
        int filled = 0;
        for (int i = 0; i < count; i++) {
            long value = values[i] - lowest;
            pending |= value << filled;
            filled += width;
            if (filled >= Long.SIZE) {
                out.i64(pending);
                filled -= Long.SIZE;
                // A shift by 64 would be one by 0.
                pending = filled == 0 ? 0 : value >>> (width - filled);
            }
        }
        for (; filled > 0; filled -= Byte.SIZE) {
            out.u8((int) pending);
            pending >>>= Byte.SIZE;
        }
    }
}
