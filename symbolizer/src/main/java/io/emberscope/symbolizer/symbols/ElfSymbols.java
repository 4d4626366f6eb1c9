package io.emberscope.symbolizer.symbols;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Tells what binaries' own symbol tables say.
public final class ElfSymbols {
    private ElfSymbols() {}

    /// Tells a binary's symbols, and where its code is, to a file that may be made of other things
    /// too. Beside the function table that takes about 8 MiB of memory for 256 Ki functions.
    ///
    /// @param functionsMax functions there may be
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws SymbolsTooLargeException if their names are more than the file's limits
    /// @throws io.emberscope.base.bytes.MalformedInputException if the symbol table contradicts
    ///   itself
    public static void tell(ElfFile file, int functionsMax, SymbolFileWriter to)
            throws IOException {
        FunctionTable table = FunctionTable.read(file, functionsMax);
        to.codeAt(file.addresses());
        to.madeFrom(table.isFull() ? SymbolSource.SYMBOLS : SymbolSource.DYNAMIC_SYMBOLS);
        table.forEach(
                file,
                (address, length, text) -> {
                    byte[] name = text.getBytes(StandardCharsets.UTF_8);
                    to.symbol(address, address + length, name, 0, name.length);
                });
    }
}
