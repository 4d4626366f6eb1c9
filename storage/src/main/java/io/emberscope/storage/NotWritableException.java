package io.emberscope.storage;

import java.io.IOException;
import java.time.Duration;

/// The store takes no batches at the moment, or until it is restarted; queries go on. Nothing can
/// be said of whether the batch was kept, so it should be sent again with the same id. Over HTTP
/// this is status 503 with `Retry-After`.
public final class NotWritableException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /// @param message why
    /// @param retryAfter how long the caller should wait before the next try
    public NotWritableException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /// How long the caller should wait before the next try.
    public Duration retryAfter() {
        return retryAfter;
    }
}
