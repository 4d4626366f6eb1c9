package io.emberscope.storage.wal;

import java.io.IOException;

/// What is done with each record of the log at its replay.
@FunctionalInterface
public interface WalVisitor {
    /// Called in the order of the sequence numbers.
    void visit(long sequence, WalEntry entry) throws IOException;
}
