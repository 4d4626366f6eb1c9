package io.emberscope.symbolizer;

import io.emberscope.base.disk.Disk;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.ElfSymbols;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Makes the symbol file of a binary of everything that a file of it says: the binary itself, or
/// its separate debug file.
public final class BinarySymbols {
    private BinarySymbols() {}

    /// Makes the file.
    ///
    /// @param file whose symbols are taken, and which has the debug information
    /// @param debug of that file, with what it needs to be read
    /// @param functionsMax functions that its symbol tables may have
    /// @param target the file to be made; one that is there is replaced
    /// @return what became of the units of debug information; null if there are none
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws io.emberscope.symbolizer.symbols.SymbolsTooLargeException if there is more than the
    ///   limits
    /// @throws io.emberscope.base.bytes.MalformedInputException if the file contradicts itself
    public static DebugInfo.@Nullable Told write(
            ElfFile file,
            DebugInfo debug,
            int functionsMax,
            SymbolLimits limits,
            Disk disk,
            Path target)
            throws IOException {
        DebugInfo.Told told = null;
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, target, file.buildId().orElse(""), limits)) {
            tellNames(file, functionsMax, writer);
            if (DebugInfo.isIn(file)) {
                told = debug.tell(writer);
                if (told.told() > 0) {
                    writer.madeFrom(SymbolSource.DEBUG_INFO);
                }
            }
            writer.finish();
        }
        return told;
    }

    /// Tells the names of functions that can be had without debug information, in little memory:
    /// what an agent knows of a binary.
    ///
    /// @param functionsMax functions that its symbol tables may have
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws io.emberscope.symbolizer.symbols.SymbolsTooLargeException if there is more than the
    ///   limits
    /// @throws io.emberscope.base.bytes.MalformedInputException if the file contradicts itself
    public static void tellNames(ElfFile file, int functionsMax, SymbolFileWriter to)
            throws IOException {
        ElfSymbols.tell(file, functionsMax, to);
    }
}
