package io.emberscope.profile;

import java.io.IOException;

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

    /// Counts memory that is about to be held.
    ///
    /// @param bytes an estimate, from above
    /// @throws IOException if that is more than is left; the message names the limit
    void reserve(long bytes) throws IOException;

    /// Counts memory that is held no longer.
    void release(long bytes);
}
