package io.emberscope.storage.segment;

import java.io.IOException;

/// A file is whole but of a version that this program does not know.
public final class UnknownVersionException extends IOException {
    private static final long serialVersionUID = 1L;

    UnknownVersionException(String message) {
        super(message);
    }
}
