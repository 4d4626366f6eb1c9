package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The debug information of one binary: tells what its code belongs to, unit by unit. A unit that
/// contradicts itself, or is beyond a limit, is left out and counted; the others are told.
///
/// Heap that it takes does not depend on the size of the debug information but for a few bytes for
/// each unit; see the limits on a unit in [UnitReader] and [LineTable], and [SectionOpener].
public final class DebugInfo {
    /// `ELFCOMPRESS_ZSTD`, to be given with a [#decompressor].
    public static final int ZSTD = 2;

    private static final int ZLIB = 1;
    private static final long DECOMPRESSED_BYTES_MAX = 16L * 1024 * 1024 * 1024;
    private static final int WORK_TIMES = 16;
    private static final int THREADS_MAX = 8;
    private static final int FUNCTION_NAMES_MAX = 1 << 18;

    /// What became of the units.
    ///
    /// @param told units that have code, and were told
    /// @param without units that have no code
    /// @param malformed units that contradict themselves
    /// @param tooLarge units with more than there is room for
    /// @param unread units left when the work became too much, or behind one whose length makes no
    ///   sense (which counts as one)
    /// @param firstRefusal why the first of those was refused; empty if all is well
    public record Told(
            int told, int without, int malformed, int tooLarge, int unread, String firstRefusal) {}

    private final ElfFile file;
    private final Map<Integer, Decompressor> decompressors = new HashMap<>();
    private @Nullable ElfFile supplement;
    private @Nullable ElfFile splitPackage;
    private SplitFiles splitFiles = SplitFiles.NONE;
    private ScratchFile.@Nullable Factory scratch;
    private int threads = 1;

    private DebugInfo(ElfFile file) {
        this.file = file;
        decompressors.put(ZLIB, new Zlib());
    }

    /// The debug information in a file; nothing is read yet.
    ///
    /// @param file the binary, or its separate debug file; must stay open while it is told
    public static DebugInfo of(ElfFile file) {
        return new DebugInfo(file);
    }

    /// Gives the supplementary file that the file refers to (`.gnu_debugaltlink`, `.debug_sup`).
    public DebugInfo supplement(ElfFile other) {
        supplement = other;
        return this;
    }

    /// Gives the package of split units that belongs to the file (`.dwp`).
    public DebugInfo splitPackage(ElfFile other) {
        splitPackage = other;
        return this;
    }

    /// Says how to find split units that are in files of their own (`.dwo`).
    public DebugInfo splitFiles(SplitFiles files) {
        splitFiles = files;
        return this;
    }

    /// Says how sections are decompressed that are compressed in another way than zlib's.
    ///
    /// @param type the `ELFCOMPRESS_` number
    public DebugInfo decompressor(int type, Decompressor decompressor) {
        decompressors.put(type, decompressor);
        return this;
    }

    /// Says where compressed sections of more than a few megabytes may be decompressed to. Without,
    /// such a file is refused.
    public DebugInfo scratch(ScratchFile.Factory factory) {
        scratch = factory;
        return this;
    }

    /// Says how many threads read. The sink is called by one at a time, and what it is told is the
    /// same for any number.
    public DebugInfo threads(int count) {
        threads = Math.clamp(count, 1, THREADS_MAX);
        return this;
    }

    /// Whether a file has debug information at all.
    public static boolean isIn(ElfFile file) throws IOException {
        return file.section(".debug_info").filter(Section::hasBytes).isPresent()
                || file.section(".zdebug_info").filter(Section::hasBytes).isPresent();
    }

    /// Tells everything.
    ///
    /// @throws MalformedInputException if the file's sections make no sense, or are more than there
    ///   is room for
    /// @throws IOException if something cannot be read, or the sink fails
    public Told tell(CodeSink sink) throws IOException {
        try (SectionOpener opener =
                new SectionOpener(decompressors, scratch, DECOMPRESSED_BYTES_MAX)) {
            return tell(sink, opener);
        } catch (TooMuchException e) {
            throw new MalformedInputException(String.valueOf(e.getMessage()), e);
        }
    }

    private Told tell(CodeSink sink, SectionOpener opener) throws IOException {
        Sections sections = opener.open(file, false);
        Sections other = supplement == null ? null : opener.open(supplement, false);
        SplitPackage inPackage =
                splitPackage == null
                        ? null
                        : new SplitPackage(
                                opener.open(splitPackage, true),
                                opener.view(splitPackage, "cu_index", true));
        long bytes =
                sections.bytes()
                        + (other == null ? 0 : other.bytes())
                        + (inPackage == null ? 0 : inPackage.sections().bytes());
        long codeStart = -1;
        long codeEnd = 0;
        for (Section section : file.sections()) {
            if (section.isExecutable() && section.size() != 0) {
                if (Long.compareUnsigned(section.address(), codeStart) < 0) {
                    codeStart = section.address();
                }
                long end = section.address() + section.size();
                codeEnd = Long.compareUnsigned(end, codeEnd) > 0 ? end : codeEnd;
            }
        }
        UnitIndex units = UnitIndex.of(sections.info());
        UnitReader.Shared shared =
                new UnitReader.Shared(
                        AddressRanges.of(sections.aranges()),
                        units,
                        other == null ? null : UnitIndex.of(other.info()),
                        new NumberMap(FUNCTION_NAMES_MAX),
                        codeStart,
                        Long.compareUnsigned(codeStart, codeEnd) < 0 ? codeEnd - codeStart : 0,
                        splitFiles,
                        Work.of(bytes, WORK_TIMES));
        List<UnitReader> readers = new ArrayList<>();
        try {
            for (int i = 0; i < threads; i++) {
                readers.add(
                        new UnitReader(
                                shared,
                                sections.twin(),
                                other == null ? null : other.twin(),
                                inPackage == null ? null : inPackage.twin(),
                                opener.ofSplitFiles()));
            }
            return new UnitCrew(units, sink).tell(readers);
        } finally {
            readers.forEach(UnitReader::close);
        }
    }
}
