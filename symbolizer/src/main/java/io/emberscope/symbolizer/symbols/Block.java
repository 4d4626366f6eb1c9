package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.Arrays;

/// A block of a symbol file, checked: whatever it is asked then has an answer. Unchangeable.
final class Block {
    private static final int TEXT_BYTES_USUAL = 256;

    private final byte[] bytes;

    /// Of its content.
    private final int length;

    private final int count;
    private final Column[] columns;

    /// Of ranges: the last byte of the last one.
    private final long last;

    /// Of texts: where the first one is.
    private final int textsAt;

    /// @param bytes the content and then [Column#PADDING_BYTES] of anything
    Block(Layout.Kind kind, byte[] bytes, int length) throws MalformedInputException {
        this.bytes = bytes;
        this.length = length;
        ByteCursor in = ByteCursor.of(bytes, 0, length);
        count = in.u8("count") + 1;
        int countMax = kind == Layout.Kind.TEXTS ? Layout.TEXTS : Layout.BLOCK;
        if (count > countMax) {
            throw new MalformedInputException(
                    "count: " + count + " (expected: at most " + countMax + ")");
        }
        long span = kind.isRanges() ? in.varint("span") : 0;
        columns = new Column[kind.columns];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = new Column(bytes, in, count);
        }
        textsAt = in.position();
        if (kind == Layout.Kind.TEXTS) {
            checkTexts(in);
        }
        if (in.hasRemaining()) {
            throw new MalformedInputException(
                    "block: " + in.remaining() + " bytes more (expected: nothing behind)");
        }
        last = kind.isRanges() ? get(Layout.START, 0) + span : 0;
        if (kind.isKeyed) {
            checkOrder(kind.isRanges());
        }
    }

    private void checkTexts(ByteCursor in) throws MalformedInputException {
        int before = 0;
        for (int i = 0; i < count; i++) {
            int shared = in.count(before, "shared");
            int rest = in.count(Layout.TEXT_BYTES_MAX - shared, "rest");
            in.skip(rest, "text");
            before = shared + rest;
        }
    }

    private void checkOrder(boolean areRanges) throws MalformedInputException {
        for (int i = 0; i < count; i++) {
            long start = get(Layout.START, i);
            long gap = areRanges ? get(Layout.GAP, i) : 0;
            boolean isInOrder;
            if (i < count - 1) {
                long next = get(Layout.START, i + 1);
                isInOrder =
                        Long.compareUnsigned(start, next) < 0
                                && Long.compareUnsigned(gap, next - 1 - start) <= 0;
            } else {
                isInOrder = !areRanges || (Long.compareUnsigned(start, last) <= 0 && gap == 0);
            }
            if (!isInOrder) {
                throw new MalformedInputException(
                        "start: 0x" + Long.toHexString(start) + " (expected: in order)");
            }
        }
    }

    int count() {
        return count;
    }

    int length() {
        return length;
    }

    /// Memory it takes.
    long memoryBytes() {
        return 64L + bytes.length + columns.length * 48L;
    }

    long get(int column, int index) {
        return columns[column].get(index);
    }

    /// Of things found by the first column: the last that begins at or before `key`; -1 if none.
    int floor(long key) {
        return columns[Layout.KEY].floor(key, count);
    }

    /// The last byte of a range.
    long last(int index) {
        return index == count - 1
                ? last
                : get(Layout.START, index + 1) - 1 - get(Layout.GAP, index);
    }

    /// The range that holds an address; -1 if none does.
    int range(long address) {
        int index = floor(address);
        return index >= 0 && Long.compareUnsigned(address, last(index)) <= 0 ? index : -1;
    }

    /// A text.
    byte[] text(int index) throws MalformedInputException {
        ByteCursor in = ByteCursor.of(bytes, 0, length);
        in.seek(textsAt, "texts");
        byte[] text = new byte[TEXT_BYTES_USUAL];
        int size = 0;
        for (int i = 0; i <= index; i++) {
            int shared = in.count(size, "shared");
            int rest = in.count(Layout.TEXT_BYTES_MAX - shared, "rest");
            size = shared + rest;
            if (text.length < size) {
                text = Arrays.copyOf(text, Math.max(size, 2 * text.length));
            }
            System.arraycopy(bytes, in.position(), text, shared, rest);
            in.skip(rest, "text");
        }
        return Arrays.copyOf(text, size);
    }
}
