package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.Optional;

/// Where things are in `.gopclntab`, the table that Go programs carry for their own stack traces,
/// also when stripped: what its header says (`runtime/symtab.go` and `internal/abi/symtab.go` of
/// Go's sources describe it). Nothing is checked yet but that all parts begin in the section.
///
/// @param version that wrote it
/// @param section it is in
/// @param quantum least bytes of an instruction: distances in code count these
/// @param wordBytes of a pointer
/// @param count functions
/// @param text address that places of functions are counted from, from Go 1.18 on;
///   [ElfFile#NOWHERE] if it cannot be told
/// @param namesAt where the names of functions are, in the section
/// @param unitsAt where the numbers of files are that each unit has
/// @param filesAt where the paths of files are
/// @param valuesAt where the tables are that have a value for each instruction of a function
/// @param functionsAt where the index of functions and what is told of each are
public record GoTable(
        Version version,
        Section section,
        int quantum,
        int wordBytes,
        int count,
        long text,
        long namesAt,
        long unitsAt,
        long filesAt,
        long valuesAt,
        long functionsAt) {
    /// The forms that it has had.
    public enum Version {
        /// Go 1.2 to 1.15.
        GO_1_2(0xffff_fffb),
        /// Go 1.16 and 1.17.
        GO_1_16(0xffff_fffa),
        /// Go 1.18 and 1.19.
        GO_1_18(0xffff_fff0),
        /// Go 1.20 and later.
        GO_1_20(0xffff_fff1);

        private final int magic;

        Version(int magic) {
            this.magic = magic;
        }

        static Optional<Version> of(int magic) {
            for (Version version : values()) {
                if (version.magic == magic) {
                    return Optional.of(version);
                }
            }
            return Optional.empty();
        }
    }

    /// Functions of the largest programs are a tenth of these.
    private static final int FUNCTIONS_MAX = 8 * 1024 * 1024;

    private static final int HEADER_START_BYTES = 8;
    private static final int INSTRUCTION_BYTES_MAX = 4;
    private static final String NAME = ".gopclntab";

    /// A binary's table; empty if it is no Go program, or has one of a form that is not known.
    ///
    /// @throws MalformedInputException if the header makes no sense
    public static Optional<GoTable> of(ElfFile file) throws IOException {
        Optional<Section> found = file.section(NAME);
        if (found.isEmpty()) {
            found = file.section(".data.rel.ro" + NAME);
        }
        if (found.isEmpty() || !found.get().hasBytes() || found.get().isCompressed()) {
            return Optional.empty();
        }
        Section section = found.get();
        SectionView view = view(file, section);
        view.check(0, HEADER_START_BYTES);
        Optional<Version> version = Version.of((int) view.unsigned(0, Integer.BYTES));
        if (version.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(read(file, section, view, version.get()));
    }

    /// Sections are where the file says that they are, which is judged when they are read.
    private static SectionView view(ElfFile file, Section section) throws MalformedInputException {
        long size = section.size();
        if (section.offset() < 0 || size < 0 || size > file.source().size() - section.offset()) {
            throw new MalformedInputException(
                    NAME
                            + ": "
                            + Long.toUnsignedString(size)
                            + " bytes at "
                            + Long.toUnsignedString(section.offset())
                            + " (expected: within the file's "
                            + file.source().size()
                            + " bytes)");
        }
        return SectionView.of(NAME, file.source(), section.offset(), size, file.order());
    }

    private static GoTable read(ElfFile file, Section section, SectionView view, Version version)
            throws IOException {
        int quantum = (int) view.unsigned(6, 1);
        int wordBytes = (int) view.unsigned(7, 1);
        boolean isPower = quantum != 0 && (quantum & (quantum - 1)) == 0;
        if (!isPower
                || quantum > INSTRUCTION_BYTES_MAX
                || wordBytes != (file.is64Bit() ? Long.BYTES : Integer.BYTES)) {
            throw new MalformedInputException(
                    NAME
                            + ": instructions of "
                            + quantum
                            + ", pointers of "
                            + wordBytes
                            + " bytes (expected: 1, 2 or 4, and those of the file)");
        }
        Words words = new Words(view, wordBytes);
        long count = words.next();
        if (count < 0 || count > Math.min(section.size() / indexBytes(version), FUNCTIONS_MAX)) {
            throw new MalformedInputException(
                    NAME
                            + ": "
                            + count
                            + " functions (expected: at most "
                            + FUNCTIONS_MAX
                            + ", within "
                            + section.size()
                            + " bytes)");
        }
        if (version == Version.GO_1_2) {
            long functionsAt = words.at;
            return new GoTable(
                    version, section, quantum, wordBytes, (int) count, 0, 0, 0, 0, 0, functionsAt);
        }
        words.next(); // files
        long told = version == Version.GO_1_16 ? 0 : words.next();
        GoTable table =
                new GoTable(
                        version,
                        section,
                        quantum,
                        wordBytes,
                        (int) count,
                        0,
                        words.part(),
                        words.part(),
                        words.part(),
                        words.part(),
                        words.part());
        return version == Version.GO_1_16 ? table : table.at(GoText.start(file, table, told));
    }

    private GoTable at(long start) {
        return new GoTable(
                version,
                section,
                quantum,
                wordBytes,
                count,
                start,
                namesAt,
                unitsAt,
                filesAt,
                valuesAt,
                functionsAt);
    }

    private static int indexBytes(Version version) {
        return version.compareTo(Version.GO_1_18) < 0 ? 2 * Long.BYTES : 2 * Integer.BYTES;
    }

    /// Words of the header, in turn.
    private static final class Words {
        private final SectionView view;
        private final int bytes;
        private long at = HEADER_START_BYTES;

        Words(SectionView view, int bytes) {
            this.view = view;
            this.bytes = bytes;
        }

        long next() throws IOException {
            at += bytes;
            return view.unsigned(at - bytes, bytes);
        }

        /// Where a part of the section begins.
        long part() throws IOException {
            long from = next();
            if (from < 0 || from > view.size()) {
                throw new MalformedInputException(
                        NAME
                                + ": part at "
                                + from
                                + " (expected: within "
                                + view.size()
                                + " bytes)");
            }
            return from;
        }
    }

    /// The whole section.
    SectionView view(ElfFile file) throws IOException {
        return view(file, section);
    }

    /// A part of the section, up to its end.
    static SectionView part(SectionView view, long from) throws IOException {
        return view.part(from, view.size() - from);
    }

    /// Whether instructions have lines and inlined functions in a form that is read.
    boolean hasLines() {
        return version.compareTo(Version.GO_1_18) >= 0 && text != ElfFile.NOWHERE;
    }

    /// Where a place in code is in the file; [ElfFile#NOWHERE] if no code is there.
    static long codeOffset(ElfFile file, long address) {
        for (Segment segment : file.segments()) {
            if (segment.isCode()
                    && Long.compareUnsigned(address - segment.address(), segment.fileSize()) < 0) {
                return address - segment.address() + segment.offset();
            }
        }
        return ElfFile.NOWHERE;
    }
}
