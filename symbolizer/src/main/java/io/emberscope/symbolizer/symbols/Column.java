package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// A column of numbers, as [ColumnWriter] wrote it, of which each can be read by itself.
final class Column {
    /// Bytes behind a column that may be looked at, whatever they are.
    static final int PADDING_BYTES = Long.BYTES + 1;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// Bits of a number that are in eight bytes, wherever the first one is.
    private static final int WIDTH_PLAIN = Long.SIZE - 7;

    private final byte[] bytes;
    private final long lowest;
    private final int at;
    private final int width;
    private final int whichAt;
    private final int whichWidth;
    private final boolean isDictionary;

    /// Reads what is before the numbers, and passes over them.
    Column(byte[] bytes, ByteCursor in, int count) throws MalformedInputException {
        this.bytes = bytes;
        int form = in.u8("column");
        width = form & ~ColumnWriter.DICTIONARY;
        if (width > Long.SIZE) {
            throw new MalformedInputException("column: " + form + " (expected: at most 64 bits)");
        }
        isDictionary = form != width;
        lowest = in.varint("lowest");
        int different = isDictionary ? in.u8("different") + 1 : count;
        whichWidth = isDictionary ? in.u8("which") : 0;
        if (different > count || whichWidth > Layout.BLOCK_BITS) {
            throw new MalformedInputException(
                    "column: "
                            + different
                            + " different by "
                            + whichWidth
                            + " bits (expected: at most "
                            + count
                            + ")");
        }
        at = in.position();
        in.skip(ColumnWriter.bytes(width, different), "numbers");
        whichAt = in.position();
        if (isDictionary) {
            in.skip(ColumnWriter.bytes(whichWidth, count), "which");
            for (int i = 0; i < count; i++) {
                if (bits(whichAt, whichWidth, i) >= different) {
                    throw new MalformedInputException("which: (expected: below " + different + ")");
                }
            }
        }
    }

    long get(int index) {
        int entry = isDictionary ? (int) bits(whichAt, whichWidth, index) : index;
        return lowest + bits(at, width, entry);
    }

    private long bits(int from, int bits, int index) {
        int bit = index * bits;
        int at = from + (bit >>> 3);
        int shift = bit & 7;
        long value = (long) LONG.get(bytes, at) >>> shift;
        if (shift + bits > Long.SIZE) {
            value |= (long) bytes[at + Long.BYTES] << (Long.SIZE - shift);
        }
        return value & (bits == 0 ? 0 : -1L >>> (Long.SIZE - bits));
    }

    /// Of numbers that grow, unsigned, the last that is not above `key`; -1 if all are.
    int floor(long key, int count) {
        boolean isPlain = !isDictionary && width <= WIDTH_PLAIN;
        long mask = width == 0 ? 0 : -1L >>> (Long.SIZE - width);
        int low = 0;
        // Additions and no jumps, of which the processor would guess every second one wrong.
        for (int left = count; left > 1; ) {
            int half = left >>> 1;
            long middle = isPlain ? plain(low + half, mask) : get(low + half);
            low += Long.compareUnsigned(middle, key) <= 0 ? half : 0;
            left -= half;
        }
        return Long.compareUnsigned(get(low), key) <= 0 ? low : low - 1;
    }

    private long plain(int index, long mask) {
        int bit = index * width;
        return lowest + ((long) LONG.get(bytes, at + (bit >>> 3)) >>> (bit & 7) & mask);
    }
}
