package io.emberscope.collector.export;

/// What became of one attempt to send a batch.
public sealed interface SendResult {
    /// The server has it.
    ///
    /// @param warning what the server said beside that, or empty
    record Accepted(String warning) implements SendResult {}

    /// The server will never take it.
    ///
    /// @param message status and what the server said
    record Rejected(String message) implements SendResult {}

    /// It may work later.
    ///
    /// @param message what went wrong
    /// @param waitNanos how long the server asked us to wait, or 0 if it did not say
    record Failed(String message, long waitNanos) implements SendResult {}
}
