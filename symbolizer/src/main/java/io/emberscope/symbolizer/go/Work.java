package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;

/// Bounds what is done for one table, whose functions may share what takes long to read.
final class Work {
    /// Real tables need two for three bytes.
    private static final int PER_BYTE = 4;

    private final long max;
    private long left;

    /// @param bytes of the table
    Work(long bytes) {
        max = PER_BYTE * bytes;
        left = max;
    }

    void add(long count) throws MalformedInputException {
        left -= count;
        if (left < 0) {
            throw new MalformedInputException(
                    ".gopclntab: more rows (expected: at most " + max + " in all)");
        }
    }

    /// Whether there is nothing left.
    boolean isDone() {
        return left < 0;
    }
}
