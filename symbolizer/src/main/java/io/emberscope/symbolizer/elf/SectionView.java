package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A section's bytes at any place: from the heap if it is small, else through a few pages that were
/// read last. What is not there is malformed input. Not safe for use by several threads; a [#twin]
/// is another thread's view of the same.
public final class SectionView {
    private static final int PAGE_BITS = 14;
    private static final int PAGE_BYTES = 1 << PAGE_BITS;
    private static final int PAGES = 64;

    /// A longer text is cut.
    public static final int TEXT_BYTES_MAX = 64 * 1024;

    private final String name;
    private final ByteSource source;
    private final long offset;
    private final long size;
    private final boolean bigEndian;

    // Pages by number, or one that is all of it.
    private final byte[][] pages;
    private final long[] numbers;
    private final boolean isWhole;

    // The text that was looked for last.
    private byte[] textBytes = {};
    private int textOffset;
    private int textLength;

    private SectionView(
            String name,
            ByteSource source,
            long offset,
            long size,
            boolean bigEndian,
            byte[][] pages,
            boolean isWhole) {
        this.name = name;
        this.source = source;
        this.offset = offset;
        this.size = size;
        this.bigEndian = bigEndian;
        this.pages = pages;
        this.isWhole = isWhole;
        this.numbers = new long[pages.length];
        Arrays.fill(numbers, -1);
    }

    /// A section that is read when asked for.
    public static SectionView of(
            String name, ByteSource source, long offset, long size, ByteOrder order) {
        return new SectionView(
                name,
                source,
                offset,
                size,
                order == ByteOrder.BIG_ENDIAN,
                new byte[PAGES][],
                false);
    }

    /// A section that is in memory.
    public static SectionView of(String name, byte[] bytes, ByteOrder order) {
        return new SectionView(
                name,
                new ArraySource(bytes),
                0,
                bytes.length,
                order == ByteOrder.BIG_ENDIAN,
                new byte[][] {bytes},
                true);
    }

    /// A section that the file does not have.
    public static SectionView none(String name, ByteOrder order) {
        return of(name, new byte[0], order);
    }

    /// The same for another thread.
    public SectionView twin() {
        return new SectionView(
                name,
                source,
                offset,
                size,
                bigEndian,
                isWhole ? pages : new byte[PAGES][],
                isWhole);
    }

    /// A part of it as a section of its own.
    public SectionView part(long at, long length) throws MalformedInputException {
        check(at, length);
        return new SectionView(
                name, source, offset + at, length, bigEndian, new byte[PAGES][], false);
    }

    /// The same, with all its bytes in memory.
    public SectionView inMemory() throws IOException {
        byte[] bytes = new byte[(int) size];
        copy(0, bytes, bytes.length);
        return of(name, bytes, bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    /// For errors.
    public String name() {
        return name;
    }

    /// Bytes.
    public long size() {
        return size;
    }

    /// In which order the bytes of numbers are.
    public boolean isBigEndian() {
        return bigEndian;
    }

    /// Whether a range is in the section; numbers are unsigned.
    public boolean holds(long at, long length) {
        return at >= 0 && length >= 0 && length <= size && at <= size - length;
    }

    /// Fails unless a range is in the section.
    public void check(long at, long length) throws MalformedInputException {
        if (!holds(at, length)) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(length)
                            + " bytes at "
                            + Long.toUnsignedString(at)
                            + " (expected: within "
                            + size
                            + " bytes)");
        }
    }

    /// Copies bytes to the beginning of an array.
    public void copy(long at, byte[] into, int length) throws IOException {
        check(at, length);
        if (isWhole) {
            System.arraycopy(pages[0], (int) at, into, 0, length);
            return;
        }
        if (length <= PAGE_BYTES / 4) {
            int done = 0;
            while (done < length) {
                byte[] page = page(at + done);
                int from = (int) (at + done) & (PAGE_BYTES - 1);
                int count = Math.min(length - done, PAGE_BYTES - from);
                System.arraycopy(page, from, into, done, count);
                done += count;
            }
            return;
        }
        source.fill(offset + at, into, length, name);
    }

    /// The page that has a byte which is in the section.
    private byte[] page(long at) throws IOException {
        long number = at >>> PAGE_BITS;
        int slot = (int) number & (PAGES - 1);
        if (numbers[slot] == number) {
            return pages[slot];
        }
        @SuppressWarnings("NullAway") // filled as they are used
        byte[] page = pages[slot];
        if (page == null) {
            page = new byte[PAGE_BYTES];
            pages[slot] = page;
        }
        numbers[slot] = -1;
        long start = number << PAGE_BITS;
        source.fill(offset + start, page, (int) Math.min(PAGE_BYTES, size - start), name);
        numbers[slot] = number;
        return page;
    }

    /// A number of 1, 2, 4 or 8 bytes; one of 8 is taken as it is.
    public long unsigned(long at, int width) throws IOException {
        check(at, width);
        long value = 0;
        byte[] page = pages[0];
        for (int i = 0; i < width; i++) {
            long place = at + (bigEndian ? i : width - 1 - i);
            int index = (int) place;
            if (!isWhole) {
                page = page(place);
                index &= PAGE_BYTES - 1;
            }
            value = value << Byte.SIZE | (page[index] & 0xff);
        }
        return value;
    }

    /// Finds the text that begins at a place and ends with a zero byte, or with the section.
    public void findText(long at) throws IOException {
        check(at, 1);
        if (isWhole) {
            byte[] bytes = pages[0];
            int start = (int) at;
            int limit = Math.min(bytes.length, start + TEXT_BYTES_MAX);
            int end = start;
            while (end < limit && bytes[end] != 0) {
                end++;
            }
            text(bytes, start, end - start);
            return;
        }
        byte[] page = page(at);
        int start = (int) at & (PAGE_BYTES - 1);
        int limit = (int) Math.min(PAGE_BYTES, size - (at - start));
        int end = start;
        while (end < limit && page[end] != 0) {
            end++;
        }
        if (end < PAGE_BYTES) {
            text(page, start, end - start);
            return;
        }
        byte[] copy = new byte[(int) Math.min(TEXT_BYTES_MAX, size - at)];
        copy(at, copy, copy.length);
        int length = 0;
        while (length < copy.length && copy[length] != 0) {
            length++;
        }
        text(copy, 0, length);
    }

    private void text(byte[] bytes, int start, int length) {
        textBytes = bytes;
        textOffset = start;
        textLength = length;
    }

    /// Has the text that was found last, until the next call of anything here.
    public byte[] textBytes() {
        return textBytes;
    }

    /// Where that is there.
    public int textOffset() {
        return textOffset;
    }

    /// Bytes of it.
    public int textLength() {
        return textLength;
    }
}
