package io.emberscope.symbolizer.symbols;

import io.emberscope.base.disk.Disk;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Makes symbol files of what binaries' own symbol tables say.
public final class ElfSymbols {
    private ElfSymbols() {}

    /// Makes a file of a binary's symbols alone. Beside the function table it takes about 6 MiB of
    /// memory for 256 Ki functions.
    ///
    /// @param functionsMax functions there may be
    /// @param target the file to be made
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws SymbolsTooLargeException if their names are more than the limits
    /// @throws io.emberscope.base.bytes.MalformedInputException if the symbol table contradicts
    ///   itself
    public static void write(
            ElfFile file, int functionsMax, SymbolLimits limits, Disk disk, Path target)
            throws IOException {
        FunctionTable table = FunctionTable.read(file, functionsMax);
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, target, file.buildId().orElse(""), limits)) {
            tell(file, table, writer);
            writer.finish();
        }
    }

    /// Tells a binary's symbols to a file that may be made of other things too.
    public static void tell(ElfFile file, FunctionTable table, SymbolFileWriter to)
            throws IOException {
        to.madeFrom(table.isFull() ? SymbolSource.SYMBOLS : SymbolSource.DYNAMIC_SYMBOLS);
        table.forEach(
                file,
                (address, length, text) -> {
                    byte[] name = text.getBytes(StandardCharsets.UTF_8);
                    to.symbol(address, address + length, name, 0, name.length);
                });
    }
}
