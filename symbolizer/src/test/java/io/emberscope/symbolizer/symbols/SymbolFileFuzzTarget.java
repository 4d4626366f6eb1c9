package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.OwnAddresses;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/// Opens a file whose checksums are mended, as nothing would come past them otherwise, and asks for
/// everything in it.
public final class SymbolFileFuzzTarget {
    private static final int BLOCKS_MENDED_MAX = 1000;
    private static final long[] ADDRESSES = {
        0, 1, -1, 0x1000, 0x100f, 0x1018, 0x1041, 0x1050, Long.MIN_VALUE, Long.MAX_VALUE
    };

    private SymbolFileFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        byte[] bytes = input.clone();
        mend(bytes);
        try (SymbolFile file = CodeModel.open(bytes)) {
            file.forEachFunction(
                    (name, start, end) -> {
                        find(file, start);
                        find(file, end - 1);
                        assertThat(name).isNotEmpty();
                    });
            for (long address : ADDRESSES) {
                find(file, address);
            }
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
        for (Layout.Kind kind : Layout.Kind.values()) {
            readBlock(kind, bytes);
        }
    }

    private static void find(SymbolFile file, long address) throws IOException {
        Place place = new Place();
        boolean isFound = file.find(address, place);
        assertThat(place.depth() > 0).isEqualTo(isFound);
        for (int i = 0; i < place.depth(); i++) {
            assertThat(place.line(i)).isNotNegative();
        }
    }

    /// The input as the content of a block.
    private static void readBlock(Layout.Kind kind, byte[] bytes) throws IOException {
        Block block;
        try {
            block =
                    new Block(
                            kind,
                            Arrays.copyOf(bytes, bytes.length + Column.PADDING_BYTES),
                            bytes.length);
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
            return;
        }
        for (int i = 0; i < block.count(); i++) {
            for (int column = 0; column < kind.columns; column++) {
                block.get(column, i);
            }
            if (kind.isKeyed) {
                assertThat(block.floor(block.get(Layout.KEY, i))).isEqualTo(i);
            }
            if (kind.isRanges()) {
                assertThat(block.range(block.last(i))).isEqualTo(i);
            }
            if (kind == Layout.Kind.TEXTS) {
                assertThat(block.text(i)).hasSizeLessThanOrEqualTo(Layout.TEXT_BYTES_MAX);
            }
        }
    }

    private record Told(Layout.Kind kind, long position, long length, int height) {}

    private static void mend(byte[] bytes) throws IOException {
        int end = bytes.length - Layout.FOOT_BYTES;
        if (end < Layout.HEAD_BYTES) {
            return;
        }
        Deque<Told> places = new ArrayDeque<>();
        ByteCursor foot = ByteCursor.of(bytes, end, Layout.FOOT_BYTES);
        foot.skip(3 * Integer.BYTES + Layout.BUILD_ID_BYTES_MAX, "id");
        foot.skip(OwnAddresses.SEGMENTS_MAX * Layout.SEGMENT_BYTES, "segments");
        for (Layout.Kind kind :
                new Layout.Kind[] {
                    Layout.Kind.SYMBOLS,
                    Layout.Kind.ROWS,
                    Layout.Kind.NODES,
                    Layout.Kind.TEXTS,
                    Layout.Kind.TEXTS
                }) {
            foot.skip(Long.BYTES, "count");
            places.add(new Told(kind, foot.i64("at"), foot.i32("length"), foot.i32("height")));
        }
        int left = BLOCKS_MENDED_MAX;
        while (!places.isEmpty() && left-- > 0) {
            mend(bytes, end, places.remove(), places);
        }
        put(
                bytes,
                bytes.length - Layout.CHECKSUM_BYTES,
                Output.checksum(end, bytes, end, Layout.FOOT_BYTES - Layout.CHECKSUM_BYTES));
    }

    private static void mend(byte[] bytes, int end, Told place, Deque<Told> places) {
        if (!Blocks.isInside(place.position, place.length, end)) {
            return;
        }
        int at = (int) place.position;
        int length = (int) place.length - Layout.CHECKSUM_BYTES;
        put(bytes, at + length, Output.checksum(at, bytes, at, length));
        if (place.height > 0 && place.height <= Layout.HEIGHT_MAX) {
            byte[] content = Arrays.copyOfRange(bytes, at, at + length + Column.PADDING_BYTES);
            try {
                Block index = new Block(Layout.Kind.INDEX, content, length);
                for (int i = 0; i < index.count(); i++) {
                    places.add(
                            new Told(
                                    place.kind,
                                    index.get(Layout.POSITION, i),
                                    index.get(Layout.LENGTH, i),
                                    place.height - 1));
                }
            } catch (MalformedInputException _) {
                // So will the file say.
            }
        }
    }

    private static void put(byte[] bytes, int at, int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            bytes[at + i] = (byte) (value >>> (i * Byte.SIZE));
        }
    }
}
