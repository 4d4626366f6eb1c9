package io.emberscope.symbolizer.elf;

import java.io.IOException;

/// A binary has more functions than there is room for.
public final class TooManyFunctionsException extends IOException {
    private static final long serialVersionUID = 1L;

    TooManyFunctionsException(long found, int max) {
        super("functions: " + found + " (expected: at most " + max + ")");
    }
}
