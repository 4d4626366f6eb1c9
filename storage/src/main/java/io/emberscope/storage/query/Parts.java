package io.emberscope.storage.query;

import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Works through the pieces of a question: other threads read a few ahead while the query's own
/// thread adds up those before. What nobody has begun when it is needed the query's thread reads
/// itself, so a query goes on however busy the others are. Safe for use by several threads.
public final class Parts {
    private final Executor readers;
    private final int aheadMax;

    /// @param readers runs what reads
    /// @param aheadMax pieces of one question that are read or wait to be added, at most
    public Parts(Executor readers, int aheadMax) {
        this.readers = readers;
        this.aheadMax = aheadMax;
    }

    /// Reads and adds all pieces. When this returns or fails, nothing is being read any more.
    ///
    /// @throws QueryStoppedException if the context says so, or the thread was interrupted
    public void run(List<Part> parts, QueryContext context) throws IOException {
        Deque<Reading> readings = new ArrayDeque<>();
        try {
            int next = 0;
            for (Part part : parts) {
                // What is read ahead must not be what a query fails of.
                while (next < parts.size()
                        && readings.size() < aheadMax
                        && (readings.isEmpty() || !context.isHalfUsed())) {
                    Reading reading = new Reading(parts.get(next++));
                    readings.add(reading);
                    if (readings.size() > 1) {
                        readers.execute(reading);
                    }
                }
                context.check();
                readings.getFirst().finish();
                readings.removeFirst();
                part.add();
            }
        } finally {
            readings.forEach(Reading::forget);
        }
    }

    /// A piece that one thread reads.
    private static final class Reading implements Runnable {
        private final Part part;
        private final AtomicBoolean begun = new AtomicBoolean();
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile @Nullable Exception failed;
        private volatile @Nullable Error broken;

        Reading(Part part) {
            this.part = part;
        }

        @Override
        public void run() {
            if (!begun.compareAndSet(false, true)) {
                return;
            }
            try {
                part.read();
            } catch (IOException | RuntimeException e) {
                failed = e;
            } catch (Error e) {
                broken = e;
            } finally {
                ended.countDown();
            }
        }

        void finish() throws IOException {
            run();
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                QueryStoppedException stopped =
                        new QueryStoppedException(Reason.CANCELLED, "query: interrupted");
                stopped.initCause(e);
                throw stopped;
            }
            Error error = broken;
            if (error != null) {
                throw error;
            }
            switch (failed) {
                case null -> {}
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                case Exception e -> throw new IllegalStateException(e);
            }
        }

        /// Keeps it from beginning, or waits for its end.
        void forget() {
            if (begun.compareAndSet(false, true)) {
                return;
            }
            boolean interrupted = false;
            while (true) {
                try {
                    ended.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
