package io.emberscope.storage;

import io.emberscope.profile.BatchId;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.wal.WalEntry;
import io.emberscope.storage.window.PreparedBatch;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A batch that waits for its place in the log.
///
/// @param name the batch's name within the store, or null if it has none
/// @param batch the checked batch
/// @param entry its bytes
/// @param outcome completes when the batch is durable, or failed
record Pending(
        @Nullable Name name,
        PreparedBatch batch,
        WalEntry.Encoded entry,
        CompletableFuture<Appended> outcome) {
    private static final long ROW_BYTES = 12;
    private static final long OBJECT_BYTES = 512;

    /// What names a batch within the store.
    record Name(TenantId tenant, BatchId id) {}

    /// Memory held, estimated.
    long bytes() {
        return OBJECT_BYTES
                + entry.bytes().length
                + 2L * entry.plainLength()
                + ROW_BYTES * batch.rows();
    }
}
