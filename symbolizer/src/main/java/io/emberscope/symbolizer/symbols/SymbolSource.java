package io.emberscope.symbolizer.symbols;

/// What a symbol file was made from; one made from more says more.
public enum SymbolSource {
    /// The symbols for the dynamic linker.
    DYNAMIC_SYMBOLS(1),
    /// The full symbol table.
    SYMBOLS(1 << 1),
    /// DWARF.
    DEBUG_INFO(1 << 2),
    /// The compressed symbol table `.gnu_debugdata`.
    MINI_DEBUG_INFO(1 << 3),
    /// Go's table for its own stack traces.
    GO_TABLE(1 << 4);

    private final int bit;

    SymbolSource(int bit) {
        this.bit = bit;
    }

    int bit() {
        return bit;
    }
}
