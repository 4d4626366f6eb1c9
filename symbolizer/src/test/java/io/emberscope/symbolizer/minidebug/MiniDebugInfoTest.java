package io.emberscope.symbolizer.minidebug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.dwarf.HandmadeSections;
import io.emberscope.symbolizer.dwarf.ScratchFile;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class MiniDebugInfoTest {
    private static final int FUNCTION = 2;
    private static final int GLOBAL = 1;

    @Test
    void aBinaryWithoutItHasNone() throws Exception {
        ElfFile binary = HandmadeElf.usual().open();
        assertThat(MiniDebugInfo.isIn(binary)).isFalse();
        assertThat(MiniDebugInfo.open(binary, null)).isEmpty();
    }

    @Test
    void theFileInItIsRead() throws Exception {
        ElfFile binary = binary(xz(symbols(), 0));
        assertThat(MiniDebugInfo.isIn(binary)).isTrue();
        try (MiniDebugInfo mini = MiniDebugInfo.open(binary, null).orElseThrow()) {
            assertThat(bytes(mini.file())).isEqualTo(symbols());
        }
    }

    @Test
    void whatIsLargeIsInAScratchFileUntilClosed() throws Exception {
        byte[] large = large(9 << 20);
        ElfFile binary = binary(xz(large, 0));
        Scratch scratch = new Scratch();
        MiniDebugInfo mini = MiniDebugInfo.open(binary, () -> scratch).orElseThrow();
        assertThat(scratch.size()).isEqualTo(large.length);
        assertThat(bytes(mini.file())).isEqualTo(large);
        assertThat(scratch.isClosed).isFalse();
        mini.close();
        assertThat(scratch.isClosed).isTrue();
        assertThatThrownBy(() -> MiniDebugInfo.open(binary, null))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(".gnu_debugdata: more bytes uncompressed (expected: at most 1048576)");
    }

    @Test
    void bombsAreRefusedAndLeaveNothing() throws Exception {
        byte[] plain = new byte[8 << 20];
        new Random(1).nextBytes(plain);
        Arrays.fill(plain, 20_000, plain.length, (byte) 0);
        byte[] bomb = xz(plain, 0);
        Scratch scratch = new Scratch();
        assertThatThrownBy(() -> MiniDebugInfo.open(binary(bomb), () -> scratch))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageContaining("(expected: at most ");
        assertThat(scratch.isClosed).isTrue();
        assertThat(scratch.size()).isLessThanOrEqualTo((1 << 20) + 200L * bomb.length);
    }

    @Test
    void whatNeedsMuchMemoryIsRefused() throws Exception {
        LZMA2Options options = new LZMA2Options(0);
        options.setDictSize(24 << 20);
        byte[] section = xz(symbols(), options);
        assertThatThrownBy(() -> MiniDebugInfo.open(binary(section), null))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith(".gnu_debugdata: ")
                .hasMessageContaining("KiB of memory")
                .hasMessageEndingWith("(expected: what xz makes by default)");
    }

    @Test
    void whatIsNoElfFileIsRefusedAndLeavesNothing() throws Exception {
        byte[] random = new byte[9 << 20];
        new Random(1).nextBytes(random);
        Scratch scratch = new Scratch();
        assertThatThrownBy(() -> MiniDebugInfo.open(binary(xz(random, 0)), () -> scratch))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith(".gnu_debugdata: file: not an ELF file ");
        assertThat(scratch.isClosed).isTrue();
    }

    @Test
    void damagedOrCutDataAreRefused() throws Exception {
        byte[] whole = xz(symbols(), 0);
        for (int i = 0; i < whole.length; i++) {
            byte[] cut = Arrays.copyOf(whole, i);
            byte[] flipped = whole.clone();
            flipped[i] ^= 0x10;
            if (i > 0) {
                assertThatThrownBy(() -> MiniDebugInfo.open(binary(cut), null))
                        .isInstanceOf(MalformedInputException.class);
            }
            assertThatThrownBy(() -> MiniDebugInfo.open(binary(flipped), null))
                    .as("byte %d", i)
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageContaining("(expected: ");
        }
    }

    @Test
    void anErrorOfTheDiskIsNotTheFilesFault() throws Exception {
        ElfFile binary = binary(xz(large(9 << 20), 0));
        assertThatThrownBy(
                        () ->
                                MiniDebugInfo.open(
                                        binary,
                                        () -> {
                                            throw new IOException("no room");
                                        }))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("no room");
    }

    static byte[] symbols() {
        return HandmadeElf.usual().symbol("local", FUNCTION, GLOBAL, 0x10, 0x20).bytes();
    }

    /// An ELF file with much behind it that is no zeros.
    private static byte[] large(int size) {
        byte[] symbols = symbols();
        byte[] large = new byte[size];
        byte[] piece = new byte[1 << 16];
        new Random(1).nextBytes(piece);
        for (int at = 0; at < size; at += piece.length) {
            piece[at >> 16]++;
            System.arraycopy(piece, 0, large, at, Math.min(piece.length, size - at));
        }
        System.arraycopy(symbols, 0, large, 0, symbols.length);
        return large;
    }

    static ElfFile binary(byte[] section) throws IOException {
        return new HandmadeSections(true, ByteOrder.LITTLE_ENDIAN)
                .with(".gnu_debugdata", section, 0)
                .open();
    }

    static byte[] xz(byte[] plain, int preset) throws IOException {
        return xz(plain, new LZMA2Options(preset));
    }

    /// In the format of `xz`, without being any smaller: what takes least time.
    static byte[] stored(byte[] plain) throws IOException {
        LZMA2Options options = new LZMA2Options(0);
        options.setMode(LZMA2Options.MODE_UNCOMPRESSED);
        options.setDictSize(LZMA2Options.DICT_SIZE_MIN);
        return xz(plain, options);
    }

    private static byte[] xz(byte[] plain, LZMA2Options options) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (XZOutputStream out = new XZOutputStream(bytes, options)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private static byte[] bytes(ElfFile file) throws IOException {
        ByteSource source = file.source();
        byte[] bytes = new byte[(int) source.size()];
        source.fill(0, bytes, bytes.length, "all");
        return bytes;
    }

    /// A scratch file in memory.
    private static final class Scratch implements ScratchFile {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private byte @Nullable [] all;
        boolean isClosed;

        @Override
        public void append(byte[] piece, int offset, int length) {
            bytes.write(piece, offset, length);
        }

        @Override
        public long size() {
            return bytes.size();
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) {
            byte[] now = all == null ? bytes.toByteArray() : all;
            all = now;
            int count = (int) Math.min(length, now.length - position);
            System.arraycopy(now, (int) position, target, offset, count);
            return count;
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }
}
