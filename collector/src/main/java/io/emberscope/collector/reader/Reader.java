package io.emberscope.collector.reader;

import io.emberscope.base.metrics.Metrics;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs tasks one after another on a thread that can be spared. A profiled process can make a read
/// of its files or of its `/proc` entries last for ever; the thread that is caught in one is left
/// behind ([#check]) and another goes on with the tasks that wait. A task that fails ends alone.
/// Safe for use by several threads.
///
/// What tasks share is made anew with each thread, so the one left behind may keep its own.
///
/// @param <S> what tasks share
public final class Reader<S> implements AutoCloseable {
    /// How much is allowed.
    ///
    /// @param taskNanosMax how long a task may take before its thread is left behind
    /// @param strandedMax threads left behind at once; with so many stuck, nothing more is read
    ///   until one comes back
    /// @param waitingMax tasks that wait
    public record Limits(long taskNanosMax, int strandedMax, int waitingMax) {}

    /// Something to read.
    ///
    /// @param <S> what tasks share
    public interface Task<S> {
        /// Reads. Should not throw: what it cannot read is for it to answer.
        void run(S shared);

        /// Called instead of, or while, it runs: it took too long, or will never have its turn; or
        /// after it threw something.
        void giveUp();
    }

    private final String name;
    private final Limits limits;
    private final Supplier<S> newShared;
    private final Consumer<S> dispose;
    private final LongSupplier monotonicNanos;
    private final Metrics.Counter refused;
    private final Metrics.Counter abandoned;
    private final Metrics.Counter failed;

    /// Errors that are written out, with where they come from.
    private static final int REPORTS_MAX = 10;

    private final AtomicInteger reports = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final ArrayDeque<Task<S>> waiting = new ArrayDeque<>();
    private @Nullable Worker current;
    private int stranded;
    private boolean closed;

    /// @param name of the thread, and value of the label `reader` of its metrics
    /// @param newShared makes what tasks share, on the reader's thread
    /// @param dispose ends it, on the same thread
    public Reader(
            String name,
            Limits limits,
            Supplier<S> newShared,
            Consumer<S> dispose,
            LongSupplier monotonicNanos,
            Metrics metrics) {
        this.name = name;
        this.limits = limits;
        this.newShared = newShared;
        this.dispose = dispose;
        this.monotonicNanos = monotonicNanos;
        refused =
                metrics.counter(
                        "emberscope_collector_refused_reads_total",
                        "Reads not tried because too many waited or were stuck.",
                        "reader",
                        name);
        abandoned =
                metrics.counter(
                        "emberscope_collector_abandoned_reads_total",
                        "Reads that took too long and were left behind with their thread.",
                        "reader",
                        name);
        failed =
                metrics.counter(
                        "emberscope_collector_failed_reads_total",
                        "Reads that ended with an error of ours, such as too little memory.",
                        "reader",
                        name);
        metrics.gauge(
                "emberscope_collector_stuck_reads",
                "Reads left behind that have not come back.",
                this::stranded,
                "reader",
                name);
    }

    /// Lets a task wait for its turn.
    ///
    /// @return false if it will have none, because too many wait or are stuck
    public boolean submit(Task<S> task) {
        lock.lock();
        try {
            if (closed
                    || waiting.size() >= limits.waitingMax
                    || (current == null && stranded > limits.strandedMax)) {
                refused.increment();
                return false;
            }
            waiting.addLast(task);
            if (current == null) {
                current = new Worker();
                current.start();
            }
            added.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Leaves a thread behind whose task takes too long. To be called a few times a second.
    public void check() {
        Task<S> late = null;
        lock.lock();
        try {
            Worker worker = current;
            if (worker != null
                    && worker.task != null
                    && monotonicNanos.getAsLong() - worker.startNanos > limits.taskNanosMax) {
                late = worker.task;
                worker.stranded = true;
                stranded++;
                abandoned.increment();
                current = null;
                if (stranded <= limits.strandedMax && !waiting.isEmpty() && !closed) {
                    current = new Worker();
                    current.start();
                }
            }
        } finally {
            lock.unlock();
        }
        if (late != null) {
            late.giveUp();
        }
    }

    /// Tasks that wait.
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /// Threads left behind that have not come back.
    public int stranded() {
        lock.lock();
        try {
            return stranded;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the thread after the task it is at; those that wait are given up.
    @Override
    public void close() {
        ArrayDeque<Task<S>> left;
        lock.lock();
        try {
            closed = true;
            left = new ArrayDeque<>(waiting);
            waiting.clear();
            added.signalAll();
        } finally {
            lock.unlock();
        }
        for (Task<S> task : left) {
            task.giveUp();
        }
    }

    private final class Worker extends Thread {
        private static final long STACK_BYTES = 256 << 10;

        private @Nullable Task<S> task;
        private long startNanos;
        private boolean stranded;

        Worker() {
            super(null, null, "emberscope-" + name, STACK_BYTES);
            setDaemon(true);
        }

        @Override
        public void run() {
            S shared = null;
            try {
                for (Task<S> next = next(); next != null; next = next()) {
                    try {
                        shared = shared == null ? newShared.get() : shared;
                        next.run(shared);
                    } catch (RuntimeException | Error e) {
                        failed(next, e);
                    }
                }
            } finally {
                ended();
                if (shared != null) {
                    dispose.accept(shared);
                }
            }
        }

        /// Lets another thread be started, should this one have failed.
        private void ended() {
            lock.lock();
            try {
                current = current == this ? null : current;
            } finally {
                lock.unlock();
            }
        }

        private void failed(Task<S> failing, Throwable cause) {
            failed.increment();
            boolean isAnswered;
            lock.lock();
            try {
                isAnswered = stranded;
                task = null;
            } finally {
                lock.unlock();
            }
            if (!isAnswered) {
                failing.giveUp();
            }
            if (reports.incrementAndGet() <= REPORTS_MAX) {
                getUncaughtExceptionHandler().uncaughtException(this, cause);
            }
        }

        /// Ends one task and takes the next. Null if this thread is to end.
        private @Nullable Task<S> next() {
            lock.lock();
            try {
                task = null;
                if (stranded) {
                    Reader.this.stranded--;
                    return null;
                }
                while (waiting.isEmpty() && !closed) {
                    added.awaitUninterruptibly();
                }
                if (closed) {
                    return null;
                }
                task = waiting.removeFirst();
                startNanos = monotonicNanos.getAsLong();
                return task;
            } finally {
                lock.unlock();
            }
        }
    }
}
