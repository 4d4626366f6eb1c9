package io.emberscope.symbolizer.symbols;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

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
        to.madeFrom(table.isFull() ? SymbolSource.SYMBOLS : SymbolSource.DYNAMIC_SYMBOLS);
        tell(file, null, table, to);
    }

    /// The same for a binary that has the rest of its symbol table in its `.gnu_debugdata`.
    ///
    /// @param mini what is in that
    public static void tellWithMini(
            ElfFile file, ElfFile mini, int functionsMax, SymbolFileWriter to) throws IOException {
        FunctionTable table = FunctionTable.read(file, mini, false, functionsMax);
        to.madeFrom(SymbolSource.DYNAMIC_SYMBOLS);
        if (table.isFull()) {
            to.madeFrom(SymbolSource.MINI_DEBUG_INFO);
        }
        tell(file, mini, table, to);
    }

    /// The same for a binary that has its full symbol table in a separate debug file.
    public static void tellWithDebugFile(
            ElfFile file, ElfFile debugFile, int functionsMax, SymbolFileWriter to)
            throws IOException {
        FunctionTable table = FunctionTable.read(file, debugFile, true, functionsMax);
        to.madeFrom(table.isFull() ? SymbolSource.SYMBOLS : SymbolSource.DYNAMIC_SYMBOLS);
        tell(file, debugFile, table, to);
    }

    private static void tell(
            ElfFile file, @Nullable ElfFile other, FunctionTable table, SymbolFileWriter to)
            throws IOException {
        to.codeAt(file.addresses());
        table.forEach(
                file,
                other,
                (address, length, text) -> {
                    byte[] name = text.getBytes(StandardCharsets.UTF_8);
                    to.symbol(address, address + length, name, 0, name.length);
                });
    }
}
