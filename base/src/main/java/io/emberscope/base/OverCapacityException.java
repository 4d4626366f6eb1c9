package io.emberscope.base;

import java.time.Duration;

/// The request was refused because a stated limit is reached; the caller should retry later.
/// Nothing of the request was kept. Over HTTP this is status 429 or 503 with `Retry-After`.
public final class OverCapacityException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /// @param message names the limit and its value
    /// @param retryAfter how long the caller should wait before the next try
    public OverCapacityException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /// How long the caller should wait before the next try.
    public Duration retryAfter() {
        return retryAfter;
    }
}
