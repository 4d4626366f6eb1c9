package io.emberscope.storage.segment;

import java.io.IOException;

/// Bytes of a file are not those that were written.
final class DamagedBlockException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    DamagedBlockException(String message, long offset) {
        super(message);
        this.offset = offset;
    }

    /// Where in the file the damaged block starts.
    long offset() {
        return offset;
    }
}
