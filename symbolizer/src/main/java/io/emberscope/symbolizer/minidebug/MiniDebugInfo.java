package io.emberscope.symbolizer.minidebug;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.dwarf.ScratchFile;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;

/// The symbols of functions that a stripped binary of Fedora, and of others, carries beside those
/// for the dynamic linker: `.gnu_debugdata`, an ELF file compressed by `xz` which has little but a
/// symbol table. A small one is kept in memory, a larger one in a scratch file; closing it lets go
/// of both.
public final class MiniDebugInfo implements AutoCloseable {
    private static final String SECTION = ".gnu_debugdata";

    /// Uncompressed bytes at most: four million symbols and their names.
    private static final long BYTES_MAX = 256L << 20;

    /// The agent, whose heap is a few tens of megabytes, reads what a stranger made.
    private static final int IN_MEMORY_BYTES_MAX = 1 << 20;

    /// `xz` compresses symbol tables to a fifth.
    private static final int RATIO_MAX = 200;

    private static final long ANYWAY_BYTES = 1 << 20;

    /// Memory to decompress with: what `xz` needs if nothing is asked of it.
    private static final int DECODER_KIB_MAX = 9 * 1024;

    private static final int PIECE_BYTES = 64 * 1024;

    private final ElfFile file;

    private MiniDebugInfo(ElfFile file) {
        this.file = file;
    }

    /// Whether a binary has it, and no full symbol table.
    public static boolean isIn(ElfFile binary) throws IOException {
        return section(binary).isPresent()
                && binary.section(".symtab").filter(Section::hasBytes).isEmpty();
    }

    private static Optional<Section> section(ElfFile binary) throws IOException {
        return binary.section(SECTION).filter(Section::hasBytes);
    }

    /// Decompresses it.
    ///
    /// @param scratch makes the file that more than a megabyte is decompressed to; null if there
    ///   must be none, and so much is refused
    /// @return empty if the binary has none
    /// @throws MalformedInputException if it is not what `xz` makes of an ELF file, or too large
    public static Optional<MiniDebugInfo> open(
            ElfFile binary, ScratchFile.@Nullable Factory scratch) throws IOException {
        Optional<Section> section = section(binary);
        if (section.isEmpty()) {
            return Optional.empty();
        }
        if (section.get().isCompressed()) {
            throw new MalformedInputException(SECTION + ": compressed twice (expected: by xz)");
        }
        ByteSource bytes = decompress(binary.source(), section.get(), scratch);
        try {
            return Optional.of(new MiniDebugInfo(ElfFile.open(bytes)));
        } catch (MalformedInputException e) {
            bytes.close();
            throw new MalformedInputException(SECTION + ": " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    private static ByteSource decompress(
            ByteSource source, Section section, ScratchFile.@Nullable Factory scratch)
            throws IOException {
        long compressed = section.size();
        long max = Math.min(BYTES_MAX, ANYWAY_BYTES + RATIO_MAX * Math.min(compressed, BYTES_MAX));
        try (RangeStream in = new RangeStream(source, section.offset(), compressed, SECTION);
                XZInputStream xz = new XZInputStream(in, DECODER_KIB_MAX);
                Growing out = new Growing(scratch, max)) {
            byte[] piece = new byte[PIECE_BYTES];
            for (int count = xz.read(piece); count >= 0; count = xz.read(piece)) {
                out.write(piece, count);
            }
            return out.finish();
        } catch (XZIOException | EOFException e) {
            throw new MalformedInputException(
                    SECTION + ": " + e.getMessage() + " (expected: what xz makes by default)", e);
        }
    }

    /// The file that is in it. Its code is where that of the binary is, but has no bytes.
    public ElfFile file() {
        return file;
    }

    @Override
    public void close() {
        file.source().close();
    }

    /// Bytes that are kept in memory until they are many.
    private static final class Growing implements AutoCloseable {
        private final ScratchFile.@Nullable Factory scratch;
        private final long max;
        private byte[] bytes = new byte[PIECE_BYTES];
        private int size;
        private @Nullable ScratchFile file;
        private long all;

        Growing(ScratchFile.@Nullable Factory scratch, long max) {
            this.scratch = scratch;
            this.max = scratch == null ? Math.min(max, IN_MEMORY_BYTES_MAX) : max;
        }

        void write(byte[] piece, int count) throws IOException {
            all += count;
            if (all > max) {
                throw new MalformedInputException(
                        SECTION + ": more bytes uncompressed (expected: at most " + max + ")");
            }
            if (file == null && all > IN_MEMORY_BYTES_MAX && scratch != null) {
                file = scratch.create();
                file.append(bytes, 0, size);
                bytes = new byte[0];
            }
            if (file != null) {
                file.append(piece, 0, count);
                return;
            }
            if (all > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(IN_MEMORY_BYTES_MAX, 2 * all));
            }
            System.arraycopy(piece, 0, bytes, size, count);
            size += count;
        }

        /// What was written, which is then the caller's to close.
        ByteSource finish() {
            ByteSource finished = file == null ? new ArraySource(Arrays.copyOf(bytes, size)) : file;
            file = null;
            return finished;
        }

        @Override
        public void close() {
            if (file != null) {
                file.close();
            }
        }
    }
}
