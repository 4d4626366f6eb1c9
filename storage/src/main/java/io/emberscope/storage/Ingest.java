package io.emberscope.storage;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.wal.WalEntry;
import io.emberscope.storage.wal.WriteAheadLog;
import io.emberscope.storage.window.PreparedBatch;
import io.emberscope.storage.window.Window;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Takes batches in. Any thread may [#append]; one thread takes what waits and [#commit]s it: one
/// write to the log, one force, then the batches are in the window and their senders are told.
final class Ingest {
    private static final int GROUP_BATCHES_MAX = 1024;
    private static final long GROUP_BYTES_MAX = 16L << 20;
    private static final Duration RETRY_MEMORY = Duration.ofSeconds(5);
    private static final Duration RETRY_SERIES = Duration.ofSeconds(60);

    private final StoreOptions options;
    private final WriteAheadLog log;
    private final Snapshots snapshots;
    private final Writability writability;
    private final StoreMetrics metrics;
    private final LongSupplier nanoClock;
    private final Executor completions;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    // The lock guards these.
    private final Deque<Pending> queue = new ArrayDeque<>();
    private final Map<Pending.Name, Pending> inFlight = new HashMap<>();
    private final SeenBatches seen;
    private long pendingBytes;
    private boolean closed;

    /// When the first batch came into the active window, by the monotonic clock; only the
    /// committing thread uses it.
    private long windowStartNanos;

    Ingest(
            StoreOptions options,
            WriteAheadLog log,
            Snapshots snapshots,
            SeenBatches seen,
            Writability writability,
            StoreMetrics metrics,
            LongSupplier nanoClock,
            Executor completions) {
        this.options = options;
        this.log = log;
        this.snapshots = snapshots;
        this.seen = seen;
        this.writability = writability;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.completions = completions;
    }

    CompletableFuture<Appended> append(TenantId tenant, @Nullable BatchId id, ProfileBatch batch) {
        Pending.Name name = id == null ? null : new Pending.Name(tenant, id);
        try {
            CompletableFuture<Appended> known = known(name);
            if (known != null) {
                return known;
            }
            PreparedBatch prepared = PreparedBatch.of(tenant, batch);
            WalEntry.Encoded entry = new WalEntry(tenant, id, batch).encode();
            if (entry.plainLength() > options.batchBytesMax()) {
                throw new MalformedInputException(
                        "batch: "
                                + entry.plainLength()
                                + " bytes (expected: at most "
                                + options.batchBytesMax()
                                + ")");
            }
            return enqueue(new Pending(name, prepared, entry, new CompletableFuture<>()));
        } catch (MalformedInputException e) {
            return refused("malformed", e);
        } catch (OverCapacityException e) {
            return refused("memory", e);
        } catch (IOException e) {
            return refused("not_writable", e);
        }
    }

    /// What is known of a batch before any work is done for it: the outcome of its twin, or null.
    private @Nullable CompletableFuture<Appended> known(Pending.@Nullable Name name)
            throws IOException {
        lock.lock();
        try {
            if (closed) {
                throw new NotWritableException("store: closed", RETRY_MEMORY);
            }
            writability.check();
            return name == null ? null : twin(name);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable CompletableFuture<Appended> twin(Pending.Name name)
            throws MalformedInputException {
        Pending first = inFlight.get(name);
        if (first != null) {
            // It is a duplicate only if the first one makes it.
            return first.outcome()
                    .thenApply(
                            _ -> {
                                metrics.duplicateBatches.increment();
                                return Appended.DUPLICATE;
                            });
        }
        return switch (seen.verdict(name.tenant(), name.id())) {
            case NEW -> null;
            case STORED -> {
                metrics.duplicateBatches.increment();
                yield CompletableFuture.completedFuture(Appended.DUPLICATE);
            }
            case TOO_OLD ->
                    throw new MalformedInputException(
                            "batch id: sequence "
                                    + name.id().sequence()
                                    + " (expected: above "
                                    + (seen.newest(name.tenant(), name.id()) - SeenBatches.WINDOW)
                                    + ", the newest of this run less "
                                    + SeenBatches.WINDOW
                                    + ")");
        };
    }

    private CompletableFuture<Appended> enqueue(Pending pending)
            throws IOException, OverCapacityException {
        lock.lock();
        try {
            if (closed) {
                throw new NotWritableException("store: closed", RETRY_MEMORY);
            }
            Pending.Name name = pending.name();
            CompletableFuture<Appended> twin = name == null ? null : twin(name);
            if (twin != null) {
                return twin;
            }
            long held = snapshots.current().windowBytes() + pendingBytes;
            if (held + pending.bytes() > options.memoryBytesMax()) {
                throw new OverCapacityException(
                        "samples in memory: "
                                + held
                                + " bytes (expected: at most "
                                + options.memoryBytesMax()
                                + " with this batch)",
                        RETRY_MEMORY);
            }
            pendingBytes += pending.bytes();
            queue.add(pending);
            if (name != null) {
                inFlight.put(name, pending);
            }
            arrived.signal();
            return pending.outcome();
        } finally {
            lock.unlock();
        }
    }

    private CompletableFuture<Appended> refused(String reason, Exception cause) {
        metrics.refused(reason).increment();
        return CompletableFuture.failedFuture(cause);
    }

    /// Waits for batches, but not longer than so long.
    ///
    /// @return what came, at most one group; empty if nothing did
    List<Pending> take(long timeoutNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = timeoutNanos;
            while (queue.isEmpty() && !closed && left > 0) {
                left = arrived.awaitNanos(left);
            }
            return poll();
        } finally {
            lock.unlock();
        }
    }

    /// What waits now, at most one group.
    List<Pending> poll() {
        lock.lock();
        try {
            List<Pending> group = new ArrayList<>();
            long bytes = 0;
            while (!queue.isEmpty()
                    && group.size() < GROUP_BATCHES_MAX
                    && (group.isEmpty() || bytes < GROUP_BYTES_MAX)) {
                Pending next = queue.remove();
                bytes += next.entry().bytes().length;
                group.add(next);
            }
            return group;
        } finally {
            lock.unlock();
        }
    }

    /// All that waits.
    List<Pending> drain() {
        lock.lock();
        try {
            List<Pending> all = new ArrayList<>(queue);
            queue.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /// Makes a group durable, shows it to queries and tells its senders.
    void commit(List<Pending> group) {
        Window window = snapshots.current().active();
        List<Pending> accepted = new ArrayList<>(group.size());
        for (Pending pending : group) {
            try {
                writability.check();
                judgeSeries(window, pending);
                window.intern(pending.batch());
                accepted.add(pending);
            } catch (MalformedInputException e) {
                metrics.collisions.increment();
                fail(List.of(pending), "malformed", e);
            } catch (OverCapacityException e) {
                fail(List.of(pending), "series", e);
            } catch (IOException e) {
                fail(List.of(pending), "not_writable", e);
            }
        }
        if (accepted.isEmpty()) {
            return;
        }
        long first;
        try {
            first = log.append(accepted.stream().map(Pending::entry).toList());
        } catch (DiskFullException e) {
            writability.full(e);
            fail(accepted, "not_writable", writability.refusal());
            return;
        } catch (IOException e) {
            writability.failed("log", e);
            fail(accepted, "not_writable", writability.refusal());
            return;
        }
        if (window.isEmpty()) {
            windowStartNanos = nanoClock.getAsLong();
        }
        for (int i = 0; i < accepted.size(); i++) {
            window.add(accepted.get(i).batch(), first + i);
        }
        stored(accepted);
    }

    private void judgeSeries(Window window, Pending pending) throws OverCapacityException {
        int series = window.seriesAfter(pending.batch());
        if (series > options.seriesPerTenantMax()) {
            throw new OverCapacityException(
                    "series of the tenant: "
                            + series
                            + " (expected: at most "
                            + options.seriesPerTenantMax()
                            + " in one window of "
                            + options.windowAgeMax()
                            + ")",
                    RETRY_SERIES);
        }
    }

    private void stored(List<Pending> accepted) {
        long bytes = 0;
        long rows = 0;
        lock.lock();
        try {
            for (Pending pending : accepted) {
                Pending.Name name = pending.name();
                if (name != null) {
                    inFlight.remove(name);
                    seen.add(name.tenant(), name.id());
                }
                pendingBytes -= pending.bytes();
                bytes += pending.entry().bytes().length;
                rows += pending.batch().rows();
            }
        } finally {
            lock.unlock();
        }
        metrics.storedBatches.add(accepted.size());
        metrics.storedRows.add(rows);
        metrics.logBytes.add(bytes);
        metrics.logGroups.increment();
        completions.execute(
                () -> accepted.forEach(pending -> pending.outcome().complete(Appended.STORED)));
    }

    private void fail(List<Pending> failed, String reason, Exception cause) {
        lock.lock();
        try {
            for (Pending pending : failed) {
                if (pending.name() != null) {
                    inFlight.remove(pending.name());
                }
                pendingBytes -= pending.bytes();
            }
        } finally {
            lock.unlock();
        }
        metrics.refused(reason).add(failed.size());
        completions.execute(
                () -> failed.forEach(pending -> pending.outcome().completeExceptionally(cause)));
    }

    /// Fails what is left of a group whose commit ended in the middle.
    void abandon(List<Pending> group) {
        fail(
                group.stream().filter(pending -> !pending.outcome().isDone()).toList(),
                "not_writable",
                writability.refusal());
    }

    /// Freezes the active window if it is large or old enough, or if it must be.
    ///
    /// @return whether there is a new frozen window
    boolean freeze(boolean always) {
        Window window = snapshots.current().active();
        if (window.isEmpty()) {
            return false;
        }
        boolean due = window.bytes() >= options.windowBytesMax() || untilOldNanos(window) <= 0;
        if (!due && !always) {
            return false;
        }
        try {
            log.finish();
        } catch (IOException e) {
            writability.failed("log", e);
            return false;
        }
        byte[] state;
        lock.lock();
        try {
            state = seen.encode();
        } finally {
            lock.unlock();
        }
        snapshots.update(snapshot -> snapshot.freeze(state, false, log.nextSequence()));
        return true;
    }

    /// How long until the active window is old enough to be frozen; long if it is empty.
    long untilOldNanos() {
        return untilOldNanos(snapshots.current().active());
    }

    private long untilOldNanos(Window window) {
        return window.isEmpty()
                ? TimeUnit.DAYS.toNanos(1)
                : options.windowAgeMax().toNanos() - (nanoClock.getAsLong() - windowStartNanos);
    }

    /// Takes no more batches. Those that wait are still committed.
    void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    long pendingBytes() {
        lock.lock();
        try {
            return pendingBytes;
        } finally {
            lock.unlock();
        }
    }

    int runs() {
        lock.lock();
        try {
            return seen.size();
        } finally {
            lock.unlock();
        }
    }

    long forgottenRuns() {
        lock.lock();
        try {
            return seen.forgotten();
        } finally {
            lock.unlock();
        }
    }
}
