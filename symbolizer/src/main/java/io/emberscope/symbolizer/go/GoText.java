package io.emberscope.symbolizer.go;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Optional;

/// Finds where the code begins that functions are counted from. The header says so, but not in
/// every position-independent binary, and not from Go 1.26 on; then the run time's own record says
/// it or, for x86, it is the first place in `.text` from which functions, which have padding before
/// them, are there. In programs with C code that is behind what the C compiler starts with.
final class GoText {
    /// Functions looked at to find out where code begins.
    private static final int PROBES = 64;

    /// Go's code begins at a multiple of this.
    private static final int TEXT_ALIGNMENT = 16;

    /// Code of C before Go's at most.
    private static final long BEFORE_GO_MAX = 256 * 1024;

    private static final int INDEX_BYTES = 2 * Integer.BYTES;
    private static final int PADDING = 0xcc; // int3, between functions
    private static final int X86 = 3;
    private static final int X86_64 = 62;

    private GoText() {}

    /// The address; [ElfFile#NOWHERE] if it is not found.
    ///
    /// @param told by the header; 0 if it does not say
    static long start(ElfFile file, GoTable table, long told) throws IOException {
        if (file.machine() != X86_64 && file.machine() != X86) {
            boolean isTold = told != 0 && GoTable.codeOffset(file, told) != ElfFile.NOWHERE;
            return isTold
                    ? told
                    : GoModule.find(file, table).map(GoModule::text).orElse(ElfFile.NOWHERE);
        }
        SectionView index = GoTable.part(table.view(file), table.functionsAt());
        long[] probes = probes(index, table.count());
        if (told != 0 && looksRight(file, probes, told)) {
            return told;
        }
        Optional<Section> text = file.section(".text");
        if (text.isPresent()) {
            long end = index.unsigned((long) INDEX_BYTES * table.count(), Integer.BYTES);
            long room = text.get().size() - end;
            for (long into = 0; into <= Math.min(room, BEFORE_GO_MAX); into += TEXT_ALIGNMENT) {
                if (looksRight(file, probes, text.get().address() + into)) {
                    return text.get().address() + into;
                }
            }
        }
        return ElfFile.NOWHERE;
    }

    /// Where some of the functions are, from the first on.
    private static long[] probes(SectionView index, int count) throws IOException {
        long[] probes = new long[Math.max(0, Math.min(PROBES, count - 1))];
        for (int i = 0; i < probes.length; i++) {
            long number = (long) (i + 1) * (count - 1) / probes.length;
            probes[i] = index.unsigned(INDEX_BYTES * number, Integer.BYTES);
        }
        return probes;
    }

    private static boolean looksRight(ElfFile file, long[] probes, long text) throws IOException {
        int wrong = 0;
        byte[] before = new byte[1];
        for (long probe : probes) {
            long offset = GoTable.codeOffset(file, text + probe);
            if (offset <= 0
                    || file.source().read(offset - 1, before, 0, 1) != 1
                    || !isEndOfFunction(before[0] & 0xff)) {
                wrong++;
                if (wrong * 4 > probes.length) {
                    return false;
                }
            }
        }
        return probes.length > 0 || GoTable.codeOffset(file, text) >= 0;
    }

    /// Padding, or the last byte of a function that needs none: mostly a return or a trap.
    private static boolean isEndOfFunction(int b) {
        return b == PADDING || b == 0xc3 || b == 0x0b || b == 0x90;
    }
}
