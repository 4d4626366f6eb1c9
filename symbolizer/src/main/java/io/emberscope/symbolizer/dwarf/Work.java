package io.emberscope.symbolizer.dwarf;

import java.util.concurrent.atomic.AtomicLong;

/// Counts the bytes that are read of one binary's debug information. Honest files have most bytes
/// read once; a file that has everything point at the same long list, or at each other, is given up
/// when it made us read a multiple of its size. Safe for use by several threads.
final class Work {
    private static final long ANYWAY_BYTES = 64L * 1024 * 1024;

    private final AtomicLong left;

    /// @param bytes so much may be read
    Work(long bytes) {
        left = new AtomicLong(bytes);
    }

    /// What reading sections of that size may take.
    static Work of(long sectionBytes, int times) {
        long most = Long.MAX_VALUE / 4;
        return new Work(sectionBytes > most / times ? most : sectionBytes * times + ANYWAY_BYTES);
    }

    /// Counts what is read next.
    void take(long bytes) throws TooMuchException {
        if (left.addAndGet(-bytes) < 0) {
            throw new TooMuchException(
                    TooMuchException.What.WORK, "bytes read (expected: a few times the sections')");
        }
    }
}
