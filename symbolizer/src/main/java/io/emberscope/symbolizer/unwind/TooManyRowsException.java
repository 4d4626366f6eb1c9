package io.emberscope.symbolizer.unwind;

/// A binary has more rows, or functions, than its reader was told to take.
public final class TooManyRowsException extends Exception {
    private static final long serialVersionUID = 1;

    TooManyRowsException(String what, int max) {
        super(what + ": too many (expected: at most " + max + ")");
    }
}
