package io.emberscope.server.edge;

import io.emberscope.base.OverCapacityException;
import java.util.concurrent.atomic.AtomicLong;

/// A number of bytes that many requests may hold together. Whoever needs bytes reserves them first
/// and is refused when there are none: nobody waits, so nobody can make others wait.
public final class ByteBudget {
    private final String name;
    private final long limit;
    private final AtomicLong used = new AtomicLong();

    /// @param name what the bytes are for, as refusals call it
    /// @param limit bytes that may be held at once
    public ByteBudget(String name, long limit) {
        this.name = name;
        this.limit = limit;
    }

    /// A holding of no bytes yet.
    public Reservation open() {
        return new Reservation(this);
    }

    /// Bytes held now.
    public long used() {
        return used.get();
    }

    private void take(long bytes) throws OverCapacityException {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            throw new OverCapacityException(
                    name + ": all in use (expected: at most " + limit + " bytes at once)",
                    Limits.RETRY_AFTER_BUSY);
        }
    }

    /// The bytes that one request holds. Closing gives them back; closing again does nothing. Safe
    /// for use by several threads.
    public static final class Reservation implements AutoCloseable {
        private final ByteBudget budget;
        private long held;
        private boolean closed;

        private Reservation(ByteBudget budget) {
            this.budget = budget;
        }

        /// Takes more bytes.
        ///
        /// @throws OverCapacityException if there are not that many left, or this one is closed
        public synchronized void add(long bytes) throws OverCapacityException {
            if (closed) {
                throw new OverCapacityException("request: ended", Limits.RETRY_AFTER_BUSY);
            }
            budget.take(bytes);
            held += bytes;
        }

        /// Gives some bytes back early.
        public synchronized void subtract(long bytes) {
            if (!closed) {
                held -= bytes;
                budget.used.addAndGet(-bytes);
            }
        }

        @Override
        public synchronized void close() {
            if (!closed) {
                closed = true;
                budget.used.addAndGet(-held);
            }
        }
    }
}
