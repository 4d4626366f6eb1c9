package io.emberscope.symbolizer.dwarf;

import java.io.IOException;

/// A unit is beyond a limit; it may be well-formed.
final class TooMuchException extends IOException {
    private static final long serialVersionUID = 1;

    /// Which limit.
    enum What {
        /// The unit has too many bytes, functions, ranges, rows or files.
        UNIT,
        /// All units together made us read too much.
        WORK
    }

    private final What what;

    TooMuchException(What what, String message) {
        super(message);
        this.what = what;
    }

    What what() {
        return what;
    }
}
