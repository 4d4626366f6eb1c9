package io.emberscope.base.bytes;

import java.io.IOException;

/// Bytes or text from outside break a rule. The message has one form, `field: found (expected:
/// rule)`, so that whoever sent them can mend them. Over HTTP this is status 400.
public final class MalformedInputException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param message `field: found (expected: rule)`
    public MalformedInputException(String message) {
        super(message);
    }

    /// @param message `field: found (expected: rule)`
    public MalformedInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
