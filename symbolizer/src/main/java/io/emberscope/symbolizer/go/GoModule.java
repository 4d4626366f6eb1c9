package io.emberscope.symbolizer.go;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What Go's run time is told of the program by its linker: `moduledata` of `runtime/symtab.go`. No
/// symbol says where it is. It begins with pointers into `.gopclntab`, which nothing else has in
/// that order; in a position-independent binary these are relocations.
///
/// @param text address that places of functions are counted from
/// @param functionData address that data of functions are counted from (`go:func.*`)
record GoModule(long text, long functionData) {
    private static final int WORDS = 41;

    // Numbers of words; a slice has three: where it is, its length, its room.
    private static final int NAMES = 1;
    private static final int UNITS = 4;
    private static final int FILES = 7;
    private static final int VALUES = 10;
    private static final int FUNCTIONS = 13;
    private static final int INDEX = 16;
    private static final int INDEX_LENGTH = 17;
    private static final int TEXT = 22;
    private static final int FUNCTION_DATA_1_18 = 38;
    private static final int FUNCTION_DATA_1_20 = 40;

    /// Searched at most: data of programs that we know of have a few megabytes.
    private static final long SEARCHED_BYTES_MAX = 256L << 20;

    private static final int PIECE_BYTES = 64 * 1024;
    private static final int CANDIDATES_MAX = 16;
    private static final int RELOCATION_BYTES = 24;

    /// Finds it; empty if it is not there, or contradicts the table.
    static Optional<GoModule> find(ElfFile file, GoTable table) throws IOException {
        long wanted = table.section().address();
        List<Long> candidates = new ArrayList<>();
        for (Segment segment : file.segments()) {
            if (segment.isLoaded() && !segment.isCode()) {
                search(file, table, segment, candidates);
            }
        }
        List<Section> relocations = relocations(file);
        for (Section section : relocations) {
            forEach(
                    file,
                    section,
                    (at, value) -> {
                        if (value == wanted && candidates.size() < CANDIDATES_MAX) {
                            candidates.add(at);
                        }
                    });
        }
        for (long candidate : candidates) {
            Optional<GoModule> module = checked(file, table, words(file, candidate, relocations));
            if (module.isPresent()) {
                return module;
            }
        }
        return Optional.empty();
    }

    /// Looks for the pointers to the table and to the names in it.
    private static void search(ElfFile file, GoTable table, Segment segment, List<Long> found)
            throws IOException {
        int width = table.wordBytes();
        long size = Math.min(segment.fileSize(), SEARCHED_BYTES_MAX);
        if (segment.offset() < 0 || size < 2L * width) {
            return;
        }
        size = Math.min(size, file.source().size() - segment.offset());
        long wanted = table.section().address();
        byte[] piece = new byte[PIECE_BYTES];
        long skipFrom = wanted - segment.address();
        long at = -segment.address() & (width - 1);
        while (at + 2L * width <= size) {
            if (at >= skipFrom && at - skipFrom < table.section().size()) {
                at = (skipFrom + table.section().size() + width - 1) & -width;
                continue;
            }
            int length = (int) Math.min(PIECE_BYTES, size - at);
            file.source().fill(segment.offset() + at, piece, length, "go module");
            SectionView view = SectionView.of("go module", piece, file.order());
            for (int i = 0; i + 2 * width <= length; i += width) {
                if (view.unsigned(i, width) == wanted
                        && view.unsigned(i + width, width) == wanted + table.namesAt()
                        && found.size() < CANDIDATES_MAX) {
                    found.add(segment.address() + at + i);
                }
            }
            at += Math.max(width, (length - width) & -width); // pairs lie across pieces too
        }
    }

    /// Tables of relocations that say the whole value, as those of 64-bit files do.
    private static List<Section> relocations(ElfFile file) throws IOException {
        List<Section> found = new ArrayList<>();
        if (file.is64Bit()) {
            for (String name : List.of(".rela.dyn", ".rela")) {
                file.section(name)
                        .filter(Section::hasBytes)
                        .filter(section -> !section.isCompressed())
                        .ifPresent(found::add);
            }
        }
        return found;
    }

    /// Takes relocations.
    private interface Visitor {
        void relocation(long at, long value) throws IOException;
    }

    /// Passes those that go by no symbol.
    private static void forEach(ElfFile file, Section section, Visitor visitor) throws IOException {
        long size = Math.min(section.size(), SEARCHED_BYTES_MAX);
        byte[] piece = new byte[PIECE_BYTES / RELOCATION_BYTES * RELOCATION_BYTES];
        long done = 0;
        while (done + RELOCATION_BYTES <= size) {
            int length =
                    (int)
                            Math.min(
                                    piece.length,
                                    (size - done) / RELOCATION_BYTES * RELOCATION_BYTES);
            if (section.offset() < 0) {
                return;
            }
            file.source().fill(section.offset() + done, piece, length, section.toString());
            SectionView view = SectionView.of("relocations", piece, file.order());
            for (int i = 0; i < length; i += RELOCATION_BYTES) {
                if (view.unsigned(i + Long.BYTES, Long.BYTES) >>> Integer.SIZE == 0) {
                    visitor.relocation(
                            view.unsigned(i, Long.BYTES),
                            view.unsigned(i + 2L * Long.BYTES, Long.BYTES));
                }
            }
            done += length;
        }
    }

    /// What is at an address, relocated.
    private static long[] words(ElfFile file, long address, List<Section> relocations)
            throws IOException {
        int width = file.is64Bit() ? Long.BYTES : Integer.BYTES;
        long[] words = new long[WORDS];
        long offset = file.fileOffsetOf(address);
        if (offset < 0 || offset > file.source().size() - (long) WORDS * width) {
            return words;
        }
        byte[] bytes = new byte[WORDS * width];
        file.source().fill(offset, bytes, bytes.length, "go module");
        SectionView view = SectionView.of("go module", bytes, file.order());
        for (int i = 0; i < WORDS; i++) {
            words[i] = view.unsigned((long) i * width, width);
        }
        for (Section section : relocations) {
            forEach(
                    file,
                    section,
                    (at, value) -> {
                        long into = at - address;
                        if (into >= 0 && into < bytes.length && into % width == 0) {
                            words[(int) (into / width)] = value;
                        }
                    });
        }
        return words;
    }

    private static Optional<GoModule> checked(ElfFile file, GoTable table, long[] words) {
        long start = table.section().address();
        long functionData =
                words[
                        table.version() == GoTable.Version.GO_1_18
                                ? FUNCTION_DATA_1_18
                                : FUNCTION_DATA_1_20];
        boolean isRight =
                words[0] == start
                        && words[NAMES] == start + table.namesAt()
                        && words[UNITS] == start + table.unitsAt()
                        && words[FILES] == start + table.filesAt()
                        && words[VALUES] == start + table.valuesAt()
                        && words[FUNCTIONS] == start + table.functionsAt()
                        && words[INDEX] == start + table.functionsAt()
                        && words[INDEX_LENGTH] == table.count() + 1L
                        && GoTable.codeOffset(file, words[TEXT]) != ElfFile.NOWHERE
                        && file.fileOffsetOf(functionData) != ElfFile.NOWHERE;
        return isRight ? Optional.of(new GoModule(words[TEXT], functionData)) : Optional.empty();
    }
}
