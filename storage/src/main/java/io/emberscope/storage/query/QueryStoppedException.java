package io.emberscope.storage.query;

import java.io.IOException;

/// A query ended before it had an answer, for a reason that is not its text: it met a limit or
/// nobody waits for it any more. The message names the limit and its value.
public final class QueryStoppedException extends IOException {
    private static final long serialVersionUID = 1L;

    /// Why a query was stopped.
    public enum Reason {
        /// Whoever asked does not wait any more.
        CANCELLED,
        /// It took longer than it may.
        DEADLINE,
        /// It needs more memory than it may.
        MEMORY,
        /// Its answer would be larger than it may, or a sum does not fit 64 bits.
        SIZE
    }

    private final Reason reason;

    /// @param message `what: found (expected: rule)`
    public QueryStoppedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /// Why.
    public Reason reason() {
        return reason;
    }
}
