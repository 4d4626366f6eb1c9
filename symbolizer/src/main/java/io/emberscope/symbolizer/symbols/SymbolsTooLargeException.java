package io.emberscope.symbolizer.symbols;

import java.io.IOException;

/// A binary has more functions, lines or texts than there is room for.
public final class SymbolsTooLargeException extends IOException {
    private static final long serialVersionUID = 1;

    /// @param message names what there is too much of, and the limit
    public SymbolsTooLargeException(String message) {
        super(message);
    }
}
