package io.emberscope.profile;

import java.io.IOException;
import java.io.UncheckedIOException;

/// Memory that one piece of work may hold. Whoever is about to allocate much says so first, so that
/// work that would be too large ends before the process does.
public interface MemoryBudget {
    /// Refuses nothing.
    MemoryBudget UNLIMITED =
            new MemoryBudget() {
                @Override
                public void reserve(long bytes) {}

                @Override
                public void release(long bytes) {}
            };

    /// Work whose memory is counted.
    interface Work<T> {
        /// Does it.
        T within(MemoryBudget budget) throws IOException;
    }

    /// Does work that may hold whatever it needs, and so has no such failure.
    static <T> T unlimited(Work<T> work) {
        try {
            return work.within(UNLIMITED);
        } catch (IOException e) {
            throw new UncheckedIOException("there is no limit", e);
        }
    }

    /// Counts memory that is about to be held.
    ///
    /// @param bytes an estimate, from above
    /// @throws IOException if that is more than is left; the message names the limit
    void reserve(long bytes) throws IOException;

    /// Counts memory that is held no longer.
    void release(long bytes);
}
