package io.emberscope.storage.segment;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.jspecify.annotations.Nullable;

/// The values of a required 64-bit column of one row group, decoded by the page.
///
/// Parquet's own column readers give a value a call, which costs more than all the rest of a query
/// that adds up millions of them. A page whose values are a dictionary's can also be had as places
/// in the dictionary. Encodings: PLAIN, RLE_DICTIONARY (and its old name) and DELTA_BINARY_PACKED
/// of the [specification](https://parquet.apache.org/docs/file-format/data-pages/encodings/).
///
/// Damaged pages make it throw unchecked exceptions, never read outside of the page.
final class LongPages {
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// A value is taken out of the eight bytes at its first bit, and one byte more if it does not
    /// end in them.
    private static final int PADDING = Long.BYTES + 1;

    private static final int MINIBLOCK_VALUES = 32;
    private static final int BLOCK_VALUES_MAX = 1 << 20;

    private final PageReader pages;
    private final boolean wantsPlaces;
    private final long @Nullable [] dictionary;
    private byte[] bytes = new byte[0];
    private int length;
    private int at;
    private long[] values = new long[0];
    private int[] places = new int[0];
    private boolean hasPlaces;
    private int start;
    private int end;

    /// @param wantsPlaces whether places in the dictionary are wanted where there is one, instead
    ///   of values
    LongPages(PageReader pages, boolean wantsPlaces) throws IOException {
        this.pages = pages;
        this.wantsPlaces = wantsPlaces;
        DictionaryPage page = pages.readDictionaryPage();
        this.dictionary = page == null ? null : dictionary(page);
    }

    /// The values of the dictionary; empty if there is none.
    long[] dictionary() {
        return dictionary == null ? new long[0] : dictionary;
    }

    /// Makes the page with a row the current one.
    ///
    /// @param row of the row group, not before the current page
    /// @return how many rows the page has from there on
    int seek(int row) throws IOException {
        while (row >= end) {
            next();
        }
        if (row < start) {
            throw new IllegalStateException("row " + row + ": not read");
        }
        return end - row;
    }

    /// Where the row of [#seek] is in [#values] or [#places].
    int index(int row) {
        return row - start;
    }

    /// Whether the current page has [#places] instead of [#values].
    boolean hasPlaces() {
        return hasPlaces;
    }

    /// The values of the current page.
    long[] values() {
        return values;
    }

    /// The places in the [#dictionary] of the values of the current page.
    int[] places() {
        return places;
    }

    private void next() throws IOException {
        DataPage page = pages.readPage();
        if (page == null) {
            throw new IllegalStateException("row " + end + ": no page");
        }
        int count = page.getValueCount();
        start = Math.toIntExact(page.getFirstRowIndex().orElse((long) end));
        end = Math.addExact(start, count);
        Encoding encoding;
        switch (page) {
            case DataPageV2 two -> {
                take(two.getData());
                encoding = two.getDataEncoding();
            }
            case DataPageV1 one -> {
                take(one.getBytes());
                encoding = one.getValueEncoding();
            }
            default -> throw new IllegalStateException("page: of an unknown kind");
        }
        hasPlaces = false;
        switch (encoding) {
            case PLAIN -> plain(count);
            case RLE_DICTIONARY, PLAIN_DICTIONARY -> places(count);
            case DELTA_BINARY_PACKED -> differences(count);
            default -> throw new IllegalStateException("page: encoded as " + encoding);
        }
    }

    private void take(BytesInput input) {
        ByteBuffer buffer = buffer(input);
        length = buffer.remaining();
        if (bytes.length < length + PADDING) {
            bytes = new byte[Math.max(length + PADDING, bytes.length * 2)];
        }
        buffer.get(bytes, 0, length);
        Arrays.fill(bytes, length, length + PADDING, (byte) 0);
        at = 0;
    }

    private static ByteBuffer buffer(BytesInput input) {
        return input.toByteBuffer(new HeapByteBufferAllocator(), _ -> {});
    }

    private void plain(int count) {
        roomForValues(count);
        need(Math.multiplyExact((long) count, Long.BYTES));
        for (int i = 0; i < count; i++) {
            values[i] = (long) LONGS.get(bytes, i * Long.BYTES);
        }
    }

    private static long[] dictionary(DictionaryPage page) {
        ByteBuffer buffer = buffer(page.getBytes()).order(ByteOrder.LITTLE_ENDIAN);
        long[] dictionary = new long[page.getDictionarySize()];
        for (int i = 0; i < dictionary.length; i++) {
            dictionary[i] = buffer.getLong();
        }
        return dictionary;
    }

    /// Runs of one place, and groups of eight packed by their bits.
    private void places(int count) {
        long[] known = dictionary;
        if (known == null) {
            throw new IllegalStateException("page: no dictionary");
        }
        if (places.length < count) {
            places = new int[count];
        }
        int width = bytes[at++];
        if (width < 0 || width > Integer.SIZE) {
            throw new IllegalStateException("page: places of " + width + " bits");
        }
        int mask = (int) ((1L << width) - 1);
        int done = 0;
        while (done < count) {
            long header = varint();
            long size = header >>> 1;
            if ((header & 1) == 0) {
                int run = (int) Math.min(size, count - done);
                need((width + 7) >>> 3);
                int place = (int) (long) LONGS.get(bytes, at) & mask;
                at += (width + 7) >>> 3;
                Arrays.fill(places, done, done + run, place);
                done += run;
            } else {
                int packed = (int) Math.min(size * 8, count - done);
                need(((long) packed * width + 7) >>> 3);
                long bit = (long) at * 8;
                for (int i = done; i < done + packed; i++) {
                    places[i] =
                            (int) ((long) LONGS.get(bytes, (int) (bit >>> 3)) >>> (bit & 7)) & mask;
                    bit += width;
                }
                // Of the last groups not all has to be there.
                at = (int) Math.min(length, at + size * width);
                done += packed;
            }
        }
        if (wantsPlaces) {
            hasPlaces = true;
            return;
        }
        roomForValues(count);
        for (int i = 0; i < count; i++) {
            values[i] = known[places[i]];
        }
    }

    /// Differences to the value before, in blocks of which each has its smallest one apart.
    private void differences(int count) {
        long blockValues = varint();
        long miniblocks = varint();
        long total = varint();
        if (blockValues <= 0
                || blockValues > BLOCK_VALUES_MAX
                || miniblocks <= 0
                || blockValues % miniblocks != 0
                || blockValues / miniblocks % MINIBLOCK_VALUES != 0
                || total != count) {
            throw new IllegalStateException(
                    "page: "
                            + total
                            + " values in blocks of "
                            + blockValues
                            + " by "
                            + miniblocks
                            + " (expected: "
                            + count
                            + ")");
        }
        int perMiniblock = (int) (blockValues / miniblocks);
        roomForValues(count);
        long value = zigzag();
        int done = 0;
        if (count > 0) {
            values[done++] = value;
        }
        while (done < count) {
            long least = zigzag();
            int widths = at;
            at += (int) miniblocks;
            need(0);
            for (int i = 0; i < miniblocks && done < count; i++) {
                int width = bytes[widths + i];
                if (width < 0 || width > Long.SIZE) {
                    throw new IllegalStateException("page: differences of " + width + " bits");
                }
                int packed = Math.min(perMiniblock, count - done);
                need(((long) packed * width + 7) >>> 3);
                value = unpack(width, least, value, done, packed);
                done += packed;
                // Of the last one not all has to be there.
                at = (int) Math.min(length, at + (long) perMiniblock / 8 * width);
            }
        }
    }

    private long unpack(int width, long least, long before, int from, int count) {
        long mask = width == 0 ? 0 : -1L >>> (Long.SIZE - width);
        long value = before;
        long bit = (long) at * 8;
        for (int i = from; i < from + count; i++) {
            int place = (int) (bit >>> 3);
            int shift = (int) (bit & 7);
            long packed = (long) LONGS.get(bytes, place) >>> shift;
            if (width + shift > Long.SIZE) {
                packed |= (bytes[place + Long.BYTES] & 0xffL) << (Long.SIZE - shift);
            }
            value += least + (packed & mask);
            values[i] = value;
            bit += width;
        }
        return value;
    }

    private void roomForValues(int count) {
        if (values.length < count) {
            values = new long[count];
        }
    }

    private long zigzag() {
        long value = varint();
        return value >>> 1 ^ -(value & 1);
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = bytes[at++];
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                need(0);
                return value;
            }
        }
        throw new IllegalStateException("page: a number that does not end");
    }

    /// Makes sure that so many bytes are left.
    private void need(long more) {
        if (at + more > length) {
            throw new IllegalStateException("page: ends within a value");
        }
    }
}
