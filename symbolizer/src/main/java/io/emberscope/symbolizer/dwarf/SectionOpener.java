package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Opens the sections of files. Small ones are taken into memory; what is compressed and large is
/// decompressed into a scratch file. Closing it closes all that was opened.
final class SectionOpener implements AutoCloseable {
    private static final int ZLIB = 1; // ELFCOMPRESS_ZLIB
    private static final int HEADER_BYTES_32 = 12;
    private static final int HEADER_BYTES_64 = 24;
    private static final int LEGACY_HEADER_BYTES = 12; // "ZLIB" and the size

    /// Largest section that is kept in memory, and most that all such have.
    private static final int IN_MEMORY_BYTES_MAX = 16 * 1024 * 1024;

    private static final int COMPRESSED_IN_MEMORY_BYTES_MAX = 4 * 1024 * 1024;
    private static final int ALL_IN_MEMORY_BYTES_MAX = 48 * 1024 * 1024;
    private static final int SPLIT_IN_MEMORY_BYTES_MAX = 8 * 1024 * 1024;

    /// Debug information is compressed to a fifth, texts that are all alike to less.
    private static final int RATIO_MAX = 200;

    private static final long ANYWAY_BYTES = 1024 * 1024;

    private final Map<Integer, Decompressor> decompressors;
    private final ScratchFile.@Nullable Factory scratch;
    private final long decompressedBytesMax;
    private final List<ByteSource> opened = new ArrayList<>();
    private final long memoryMax;
    private long memoryLeft;
    private long decompressedLeft;

    /// @param decompressors by their `ELFCOMPRESS_` numbers
    /// @param scratch makes files for what is decompressed; null if there must be none
    /// @param decompressedBytesMax most that all sections may have in such files
    SectionOpener(
            Map<Integer, Decompressor> decompressors,
            ScratchFile.@Nullable Factory scratch,
            long decompressedBytesMax) {
        this(decompressors, scratch, decompressedBytesMax, ALL_IN_MEMORY_BYTES_MAX);
    }

    private SectionOpener(
            Map<Integer, Decompressor> decompressors,
            ScratchFile.@Nullable Factory scratch,
            long decompressedBytesMax,
            long memoryMax) {
        this.decompressors = decompressors;
        this.scratch = scratch;
        this.decompressedBytesMax = decompressedBytesMax;
        this.decompressedLeft = decompressedBytesMax;
        this.memoryMax = memoryMax;
        this.memoryLeft = memoryMax;
    }

    /// Another, for files of single units, which are closed one by one.
    SectionOpener ofSplitFiles() {
        return new SectionOpener(
                decompressors, scratch, decompressedBytesMax, SPLIT_IN_MEMORY_BYTES_MAX);
    }

    /// The sections of a file: those of a `.dwo` or `.dwp` file if `isSplit`.
    Sections open(ElfFile file, boolean isSplit) throws IOException {
        String suffix = isSplit ? ".dwo" : "";
        // What is asked for at random first, so that it is in memory.
        SectionView abbrev = view(file, "abbrev" + suffix, true);
        SectionView lineStr = view(file, "line_str" + suffix, true);
        SectionView str = view(file, "str" + suffix, true);
        SectionView strOffsets = view(file, "str_offsets" + suffix, true);
        SectionView none = SectionView.none(".debug_none", file.order());
        SectionView rnglists = view(file, "rnglists" + suffix, true);
        return new Sections(
                isSplit,
                file.order(),
                view(file, "info" + suffix, false),
                abbrev,
                isSplit ? none : view(file, "line", false),
                str,
                lineStr,
                strOffsets,
                isSplit ? none : view(file, "addr", true),
                isSplit ? none : view(file, "ranges", true),
                rnglists,
                isSplit ? none : view(file, "aranges", false),
                new Texts());
    }

    /// A section without compression.
    ///
    /// @param isRandom whether it is best kept in memory
    SectionView view(ElfFile file, String name, boolean isRandom) throws IOException {
        Section section = file.section(".debug_" + name).orElse(null);
        if (section != null) {
            if (!section.hasBytes()) {
                return SectionView.none(".debug_" + name, file.order());
            }
            return open(file, section, ".debug_" + name, isRandom);
        }
        Section legacy = file.section(".zdebug_" + name).orElse(null);
        if (legacy != null && legacy.hasBytes()) {
            return openLegacy(file, legacy, ".zdebug_" + name);
        }
        return SectionView.none(".debug_" + name, file.order());
    }

    private SectionView open(ElfFile file, Section section, String name, boolean isRandom)
            throws IOException {
        SectionView raw = raw(file, section, name);
        if (!section.isCompressed()) {
            if (isRandom && raw.size() <= Math.min(IN_MEMORY_BYTES_MAX, memoryLeft)) {
                memoryLeft -= raw.size();
                return raw.inMemory();
            }
            return raw;
        }
        int headerBytes = file.is64Bit() ? HEADER_BYTES_64 : HEADER_BYTES_32;
        raw.check(0, headerBytes);
        int type = (int) raw.unsigned(0, Integer.BYTES);
        long size = file.is64Bit() ? raw.unsigned(8, 8) : raw.unsigned(4, 4);
        return decompress(file, section, name, type, headerBytes, size, isRandom);
    }

    private SectionView openLegacy(ElfFile file, Section section, String name) throws IOException {
        SectionView raw = raw(file, section, name);
        byte[] header = new byte[LEGACY_HEADER_BYTES];
        raw.copy(0, header, header.length);
        String magic = new String(header, 0, 4, StandardCharsets.ISO_8859_1);
        if (!magic.equals("ZLIB")) {
            throw new MalformedInputException(
                    name + ": begins with something else (expected: ZLIB)");
        }
        long size = 0;
        for (int i = 4; i < header.length; i++) {
            size = size << Byte.SIZE | (header[i] & 0xff);
        }
        return decompress(file, section, name, ZLIB, LEGACY_HEADER_BYTES, size, true);
    }

    private static SectionView raw(ElfFile file, Section section, String name) throws IOException {
        ByteSource source = file.source();
        if (section.offset() < 0
                || section.size() < 0
                || section.offset() > source.size() - section.size()) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(section.size())
                            + " bytes at "
                            + Long.toUnsignedString(section.offset())
                            + " (expected: within the file's "
                            + source.size()
                            + " bytes)");
        }
        return SectionView.of(name, source, section.offset(), section.size(), file.order());
    }

    private SectionView decompress(
            ElfFile file,
            Section section,
            String name,
            int type,
            int headerBytes,
            long size,
            boolean isRandom)
            throws IOException {
        Decompressor decompressor = decompressors.get(type);
        if (decompressor == null) {
            throw new MalformedInputException(
                    name
                            + ": compression "
                            + type
                            + " (expected: one of "
                            + decompressors.keySet().stream().sorted().toList()
                            + ")");
        }
        long compressed = section.size() - headerBytes;
        if (size < 0 || size > ANYWAY_BYTES + compressed * RATIO_MAX) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(size)
                            + " bytes uncompressed (expected: at most "
                            + RATIO_MAX
                            + " for each of "
                            + compressed
                            + ")");
        }
        int inMemoryMax = isRandom ? IN_MEMORY_BYTES_MAX : COMPRESSED_IN_MEMORY_BYTES_MAX;
        long from = section.offset() + headerBytes;
        if (size <= Math.min(inMemoryMax, memoryLeft)) {
            memoryLeft -= size;
            byte[] bytes = new byte[(int) size];
            Filling filling =
                    new Filling(
                            name,
                            size,
                            (piece, offset, length, done) ->
                                    System.arraycopy(piece, offset, bytes, (int) done, length));
            decompressor.decompress(file.source(), from, compressed, name, filling);
            filling.finish();
            return SectionView.of(name, bytes, file.order());
        }
        if (scratch == null || size > decompressedLeft) {
            throw new TooMuchException(
                    TooMuchException.What.WORK,
                    name
                            + ": "
                            + size
                            + " bytes uncompressed (expected: at most "
                            + (scratch == null ? inMemoryMax : decompressedLeft)
                            + ")");
        }
        decompressedLeft -= size;
        ScratchFile into = scratch.create();
        opened.add(into);
        Filling filling =
                new Filling(
                        name,
                        size,
                        (piece, offset, length, done) -> into.append(piece, offset, length));
        decompressor.decompress(file.source(), from, compressed, name, filling);
        filling.finish();
        return SectionView.of(name, into, 0, size, file.order());
    }

    /// Keeps a piece of a section.
    private interface Keep {
        void keep(byte[] piece, int offset, int length, long done) throws IOException;
    }

    /// Sees to it that a section has the size it says.
    private static final class Filling implements Decompressor.Output {
        private final String name;
        private final long size;
        private final Keep keep;
        private long done;

        Filling(String name, long size, Keep keep) {
            this.name = name;
            this.size = size;
            this.keep = keep;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (length > size - done) {
                throw wrongSize("more than " + done);
            }
            keep.keep(bytes, offset, length, done);
            done += length;
        }

        void finish() throws MalformedInputException {
            if (done != size) {
                throw wrongSize(Long.toString(done));
            }
        }

        private MalformedInputException wrongSize(String found) {
            return new MalformedInputException(
                    name + ": " + found + " bytes uncompressed (expected: " + size + ")");
        }
    }

    /// Closes what was opened, whose memory must not be used any more; it may open others then.
    @Override
    public void close() {
        opened.forEach(ByteSource::close);
        opened.clear();
        memoryLeft = memoryMax;
        decompressedLeft = decompressedBytesMax;
    }
}
