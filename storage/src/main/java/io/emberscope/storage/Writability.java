package io.emberscope.storage;

import io.emberscope.base.disk.DiskFullException;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether the store takes batches. A full disk passes; a failed one does not, for this process:
/// what a failed force left in the page cache cannot be told from what is on the disk.
final class Writability {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStore.class);
    private static final Duration RETRY_FULL = Duration.ofSeconds(10);
    private static final Duration RETRY_FAILED = Duration.ofSeconds(60);

    private enum State {
        WRITABLE,
        FULL,
        FAILED
    }

    private State state = State.WRITABLE;
    private String reason = "";

    synchronized boolean isWritable() {
        return state == State.WRITABLE;
    }

    synchronized boolean isFull() {
        return state == State.FULL;
    }

    synchronized boolean isFailed() {
        return state == State.FAILED;
    }

    synchronized String reason() {
        return reason;
    }

    /// Refuses batches until there is room.
    synchronized void full(DiskFullException cause) {
        full(String.valueOf(cause.getMessage()));
    }

    /// Refuses batches until there is room.
    synchronized void full(String why) {
        if (state == State.WRITABLE) {
            LOG.warn("Refusing batches until there is room: {}", why);
        }
        if (state != State.FAILED) {
            state = State.FULL;
            reason = why;
        }
    }

    /// Takes batches again, if a full disk was what stopped it.
    synchronized void roomAgain() {
        if (state == State.FULL) {
            LOG.info("There is room again; taking batches");
            state = State.WRITABLE;
            reason = "";
        }
    }

    /// Refuses batches until the process is restarted.
    synchronized void failed(String what, Throwable cause) {
        if (state != State.FAILED) {
            state = State.FAILED;
            reason = what + " failed: " + cause.getMessage() + " (expected: a restart)";
            LOG.error("Read-only until restart: {} failed", what, cause);
        }
    }

    /// What a batch is refused with now.
    synchronized NotWritableException refusal() {
        return new NotWritableException(reason, state == State.FAILED ? RETRY_FAILED : RETRY_FULL);
    }

    /// Goes on unless batches are refused.
    synchronized void check() throws IOException {
        if (state != State.WRITABLE) {
            throw refusal();
        }
    }
}
