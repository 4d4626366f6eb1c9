package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.process.Paths;
import io.emberscope.collector.process.ProcFiles;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.reader.Reader;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Takes snapshots of processes on a thread that can be spared, and hands them to the thread that
/// merges.
final class Snapshots implements AutoCloseable {
    private static final Reader.Limits LIMITS = new Reader.Limits(5_000_000_000L, 3, 70_000);

    private final ProcFiles files;
    private final DenyList denied;
    private final Reader<Paths> reader;
    private final ConcurrentLinkedQueue<Snapshot> taken = new ConcurrentLinkedQueue<>();
    private final AtomicInteger outstanding = new AtomicInteger();

    Snapshots(ProcFiles files, DenyList denied, LongSupplier monotonicNanos, Metrics metrics) {
        this.files = files;
        this.denied = denied;
        reader = new Reader<>("proc", LIMITS, Paths::new, _ -> {}, monotonicNanos, metrics);
    }

    /// Asks for snapshots of some processes.
    void request(int[] pids) {
        for (int pid : pids) {
            if (!denied.contains(pid)) {
                outstanding.incrementAndGet();
                if (!reader.submit(new Take(pid))) {
                    outstanding.decrementAndGet();
                }
            }
        }
    }

    /// The next snapshot that was taken, or null.
    @Nullable Snapshot poll() {
        return taken.poll();
    }

    /// How many are asked for and not taken yet.
    int outstanding() {
        return outstanding.get();
    }

    /// Leaves reads behind that take too long.
    void check() {
        reader.check();
    }

    @Override
    public void close() {
        reader.close();
    }

    private final class Take implements Reader.Task<Paths> {
        private final int pid;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Take(int pid) {
            this.pid = pid;
        }

        @Override
        public void run(Paths paths) {
            Snapshot snapshot = files.snapshot(pid, paths);
            if (snapshot != null) {
                taken.add(snapshot);
            }
            end();
        }

        @Override
        public void giveUp() {
            denied.add(pid);
            end();
        }

        /// One that was given up may still come to its end.
        private void end() {
            if (!isOver.getAndSet(true)) {
                outstanding.decrementAndGet();
            }
        }
    }
}
