package io.emberscope.symbolizer.elf;

import java.io.IOException;

/// The symbols of type `FUNC` of a binary's full symbol table or, where that has none, of the
/// dynamic one, that are in code, as they are: in no order, several at one place, with or without a
/// size.
public final class FunctionSymbols {
    private final ElfFile file;
    private final CodeRegions code;
    private final SymbolTable table;
    private final FunctionNames names;

    /// Takes symbols in turn.
    public interface Visitor {
        /// A function.
        ///
        /// @param size in bytes; 0 if it is not told
        /// @param name for [#name]
        void function(long address, long size, int name) throws IOException;
    }

    private FunctionSymbols(ElfFile file, SymbolTable table) {
        this.file = file;
        this.code = CodeRegions.of(file);
        this.table = table;
        this.names = FunctionNames.of(table, SymbolTable.NONE);
    }

    /// Finds the table.
    ///
    /// @throws io.emberscope.base.bytes.MalformedInputException if it contradicts itself
    public static FunctionSymbols of(ElfFile file) throws IOException {
        SymbolTable full = SymbolTable.full(file);
        // The first symbol is none.
        return new FunctionSymbols(file, full.count() > 1 ? full : SymbolTable.dynamic(file));
    }

    /// Passes every symbol.
    public void forEach(Visitor visitor) throws IOException {
        table.forEach(
                file,
                (name, info, section, value, size) -> {
                    if ((info & 0xf) == SymbolTable.TYPE_FUNCTION
                            && section != SymbolTable.SECTION_UNDEFINED
                            && name >= 0
                            && name < table.stringsLength()
                            && code.find(value) >= 0) {
                        visitor.function(value, size, name);
                    }
                });
    }

    /// The name of a symbol, as the linker knows it.
    public String name(int name) throws IOException {
        return names.text(name, file.source());
    }
}
