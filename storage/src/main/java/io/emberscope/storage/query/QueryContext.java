package io.emberscope.storage.query;

import io.emberscope.profile.MemoryBudget;
import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// What one query may use, and what it has to say beside its answer.
///
/// The query looks at its context at least every few thousand rows, so [#cancel], an interrupt of
/// its thread, or the deadline stops it soon. One context serves one query, of which several
/// threads may do parts; [#cancel] may be called by any thread.
public final class QueryContext implements MemoryBudget {
    /// How long a query may take unless said otherwise.
    public static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(30);

    /// Memory a query may hold unless said otherwise.
    public static final long BYTES_MAX_DEFAULT = 256L << 20;

    private static final int WARNINGS_MAX = 100;

    private final LongSupplier nanoClock;
    private final Duration timeout;
    private final long deadlineNanos;
    private final long bytesMax;
    private final boolean partial;
    private final Set<String> warnings = new LinkedHashSet<>();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean cancelled;

    private QueryContext(LongSupplier nanoClock, Duration timeout, long bytesMax, boolean partial) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout: " + timeout + " (expected: > 0)");
        }
        if (bytesMax <= 0) {
            throw new IllegalArgumentException("bytesMax: " + bytesMax + " (expected: > 0)");
        }
        this.nanoClock = nanoClock;
        this.timeout = timeout;
        this.deadlineNanos = nanoClock.getAsLong() + timeout.toNanos();
        this.bytesMax = bytesMax;
        this.partial = partial;
    }

    /// The default limits; damage is an error.
    public static QueryContext strict() {
        return new QueryContext(System::nanoTime, TIMEOUT_DEFAULT, BYTES_MAX_DEFAULT, false);
    }

    /// Limits of the caller's choice; damage is an error.
    ///
    /// @param timeout counted from now
    /// @param bytesMax memory that the query's tables may hold
    public static QueryContext strict(Duration timeout, long bytesMax) {
        return new QueryContext(System::nanoTime, timeout, bytesMax, false);
    }

    static QueryContext strict(Duration timeout, long bytesMax, LongSupplier nanoClock) {
        return new QueryContext(nanoClock, timeout, bytesMax, false);
    }

    /// Limits of the caller's choice; where a segment is known to be damaged the rest is answered,
    /// and [#warnings] says what is missing.
    ///
    /// @param timeout counted from now
    /// @param bytesMax memory that the query's tables may hold
    public static QueryContext partial(Duration timeout, long bytesMax) {
        return new QueryContext(System::nanoTime, timeout, bytesMax, true);
    }

    /// Stops the query soon.
    public void cancel() {
        cancelled = true;
    }

    /// Whether an answer without the damaged parts is wanted.
    public boolean isPartial() {
        return partial;
    }

    /// What the reader of the answer must know; empty if the answer is whole.
    public List<String> warnings() {
        synchronized (warnings) {
            return new ArrayList<>(warnings);
        }
    }

    /// Adds something that the reader of the answer must know.
    public void warn(String warning) {
        synchronized (warnings) {
            if (warnings.size() < WARNINGS_MAX) {
                warnings.add(warning);
            }
        }
    }

    /// Goes on unless the query should stop.
    public void check() throws QueryStoppedException {
        if (cancelled || Thread.currentThread().isInterrupted()) {
            throw new QueryStoppedException(Reason.CANCELLED, "query: cancelled");
        }
        if (nanoClock.getAsLong() - deadlineNanos > 0) {
            throw new QueryStoppedException(
                    Reason.DEADLINE, "query: over its time (expected: at most " + timeout + ")");
        }
    }

    @Override
    public void reserve(long more) throws QueryStoppedException {
        long held = bytes.addAndGet(more);
        if (held > bytesMax) {
            throw new QueryStoppedException(
                    Reason.MEMORY,
                    "query: "
                            + held
                            + " bytes of memory (expected: at most "
                            + bytesMax
                            + "); narrow the selector or the time range");
        }
    }

    /// Whether more than half of the memory is used.
    boolean isHalfUsed() {
        return bytes.get() > bytesMax / 2;
    }

    /// Memory counted so far.
    public long reserved() {
        return bytes.get();
    }

    @Override
    public void release(long less) {
        bytes.addAndGet(-less);
    }

    long nanos() {
        return nanoClock.getAsLong();
    }
}
