package io.emberscope.symbolizer.elf;

import java.io.IOException;

/// A binary has more functions than there is room for.
public final class TooManyFunctionsException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param found functions there are
    /// @param max functions there may be
    public TooManyFunctionsException(long found, int max) {
        super("functions: " + found + " (expected: at most " + max + ")");
    }
}
