package io.emberscope.symbolizer.symbols;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Joins the rows of a function to ranges of code.
final class FunctionRanges {
    private final SymbolFile.FunctionVisitor visitor;
    private @Nullable String name;
    private long start;
    private long last;

    FunctionRanges(SymbolFile.FunctionVisitor visitor) {
        this.visitor = visitor;
    }

    /// Takes a row, whose function may have no name; an empty one is none.
    void add(@Nullable String function, long from, long to) throws IOException {
        if (name != null && name.equals(function) && from == last + 1) {
            last = to;
            return;
        }
        finish();
        name = function == null || function.isEmpty() ? null : function;
        start = from;
        last = to;
    }

    /// Takes the whole range of a symbol.
    void addSymbol(String function, long from, long to) throws IOException {
        finish();
        if (!function.isEmpty()) {
            visitor.function(function, from, to + 1);
        }
    }

    /// Passes on what it has.
    void finish() throws IOException {
        if (name != null) {
            visitor.function(name, start, last + 1);
            name = null;
        }
    }
}
