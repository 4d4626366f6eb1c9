package io.emberscope.collector.export;

import io.emberscope.profile.BatchId;

/// One attempt to send a batch.
public interface Sender {
    /// Sends a batch and waits for the answer, for a bounded time.
    ///
    /// @param body the encoded batch
    SendResult send(BatchId id, byte[] body);
}
