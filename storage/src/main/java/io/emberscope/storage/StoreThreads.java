package io.emberscope.storage;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The threads of a store: one commits batches, one writes segments, one merges them.
final class StoreThreads {
    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Ingest ingest;
    private final Maintenance maintenance;
    private final Merging merging;
    private final Writability writability;
    private final Thread committer;
    private final Thread maintainer;
    private final Thread merger;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean due;
    private boolean stopping;

    StoreThreads(Ingest ingest, Maintenance maintenance, Merging merging, Writability writability) {
        this.ingest = ingest;
        this.maintenance = maintenance;
        this.merging = merging;
        this.writability = writability;
        this.committer = thread("emberscope-store-log", this::commit);
        this.maintainer = thread("emberscope-store-segments", this::maintain);
        this.merger = thread("emberscope-store-merges", this::merge);
    }

    /// A thread whose end by an error is noticed: the store takes nothing more.
    private Thread thread(String name, Runnable work) {
        return Thread.ofPlatform()
                .name(name)
                .daemon()
                .uncaughtExceptionHandler(
                        (thread, error) -> {
                            writability.failed(thread.getName(), error);
                            ingest.abandon(ingest.drain());
                        })
                .unstarted(work);
    }

    void start() {
        committer.start();
        maintainer.start();
        merger.start();
    }

    /// Waits until all that was appended is committed and all threads have ended. The ingest must
    /// have been closed.
    void stop() {
        merging.stop();
        join(committer);
        lock.lock();
        try {
            stopping = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        join(maintainer);
        join(merger);
    }

    private void commit() {
        boolean more = true;
        while (more) {
            try {
                List<Pending> group =
                        ingest.take(Math.clamp(ingest.untilOldNanos(), 0, TICK_NANOS));
                more = !group.isEmpty() || !ingest.isClosed();
                commit(group);
            } catch (InterruptedException e) {
                // Nobody has reason to; the store is closed by closing it.
                writability.failed("log thread", e);
                Thread.currentThread().interrupt();
                more = false;
            }
        }
    }

    private void commit(List<Pending> group) {
        try {
            if (!group.isEmpty()) {
                ingest.commit(group);
            }
            if (ingest.freeze(false)) {
                wakeMaintainer();
            }
        } catch (RuntimeException e) {
            writability.failed("log thread", e);
            ingest.abandon(group);
        }
    }

    private void maintain() {
        boolean more = true;
        while (more) {
            try {
                more = awaitDue();
                maintenance.run();
            } catch (RuntimeException e) {
                writability.failed("segment thread", e);
            } catch (InterruptedException e) {
                writability.failed("segment thread", e);
                Thread.currentThread().interrupt();
                more = false;
            }
        }
    }

    private void merge() {
        try {
            while (merging.awaitDue(TICK_NANOS)) {
                merging.mergeOne();
            }
        } catch (InterruptedException e) {
            writability.failed("merge thread", e);
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitDue() throws InterruptedException {
        lock.lock();
        try {
            long left = TICK_NANOS;
            while (!due && !stopping && left > 0) {
                left = changed.awaitNanos(left);
            }
            due = false;
            return !stopping;
        } finally {
            lock.unlock();
        }
    }

    private void wakeMaintainer() {
        lock.lock();
        try {
            due = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
