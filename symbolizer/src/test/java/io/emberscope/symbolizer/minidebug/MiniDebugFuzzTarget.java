package io.emberscope.symbolizer.minidebug;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import io.emberscope.symbolizer.elf.HandmadeElf;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import java.io.IOException;
import java.util.Optional;
import org.tukaani.xz.ArrayCache;
import org.tukaani.xz.BasicArrayCache;

/// Reads whatever bytes as a compressed symbol table, and as one that was compressed rightly.
public final class MiniDebugFuzzTarget {
    private static final int FUNCTIONS_MAX = 5_000;

    static {
        // Most of an input's time would else go into eight megabytes that are filled with zeros.
        ArrayCache.setDefaultCache(BasicArrayCache.getInstance());
    }

    private MiniDebugFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        if (bytes.length < 2) {
            return;
        }
        boolean isPlain = bytes[0] == 0x7f; // as ELF files begin
        byte[] section = isPlain ? MiniDebugInfoTest.stored(bytes) : bytes;
        try {
            Optional<MiniDebugInfo> mini =
                    MiniDebugInfo.open(MiniDebugInfoTest.binary(section), null);
            if (mini.isPresent()) {
                ElfFile binary = HandmadeElf.usual().dynamicSymbol("f", 2, 1, 0x10, 8).open();
                FunctionTable table =
                        FunctionTable.read(binary, mini.get().file(), false, FUNCTIONS_MAX);
                table.forEach(binary, mini.get().file(), (_, _, _) -> {});
            }
        } catch (MalformedInputException | TooManyFunctionsException e) {
            if (!String.valueOf(e.getMessage()).contains("(expected: ")) {
                throw new AssertionError("no rule is named", e);
            }
        }
    }
}
