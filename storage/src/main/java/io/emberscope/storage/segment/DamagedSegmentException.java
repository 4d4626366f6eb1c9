package io.emberscope.storage.segment;

import java.io.IOException;

/// A segment's bytes are not those that were written, so no answer can be had from it. The message
/// names file and column.
public final class DamagedSegmentException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param message file, column and place
    public DamagedSegmentException(String message) {
        super(message);
    }

    DamagedSegmentException(String message, Throwable cause) {
        super(message, cause);
    }
}
