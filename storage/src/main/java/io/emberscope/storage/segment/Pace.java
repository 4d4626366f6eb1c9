package io.emberscope.storage.segment;

import java.io.IOException;

/// Is told after each piece of a long work, tens of milliseconds at most, and may make it rest.
@FunctionalInterface
public interface Pace {
    /// Never rests.
    Pace FULL = () -> {};

    /// Returns when the work should go on.
    ///
    /// @throws MergeStoppedException if it should not
    void pause() throws IOException;
}
