package io.emberscope.symbolizer.unwind;

import java.io.IOException;

/// To make a binary's table takes more memory than there is for that, see [BuildMemory].
public final class TableTooLargeException extends IOException {
    private static final long serialVersionUID = 1;

    TableTooLargeException(long bytes, long left, long bytesMax) {
        super(
                "unwind table: "
                        + bytes
                        + " bytes more to make it (expected: at most the "
                        + left
                        + " that are left of "
                        + bytesMax
                        + ")");
    }
}
