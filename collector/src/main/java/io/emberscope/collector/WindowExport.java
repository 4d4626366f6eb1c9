package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.export.AgentState;
import io.emberscope.collector.export.Loss;
import io.emberscope.collector.export.Spool;
import io.emberscope.collector.export.Tally;
import io.emberscope.collector.naming.Naming;
import io.emberscope.profile.otlp.OtlpEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Names, encodes and spools finished windows on a thread of its own, in the order in which they
/// were finished. A few may wait; when more come the newest are dropped and counted.
final class WindowExport {
    private static final int WAITING_MAX = 8;

    private final Naming naming;
    private final AgentState state;
    private final Spool spool;
    private final Tally tally;
    private final Log log;
    private final Metrics.Counter foldedThreadNames;
    private final Metrics.Counter foldedExecutables;
    private final Metrics.Counter batchBytes;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Window> waiting = new ArrayDeque<>();
    private long pendingSamples;
    private long pendingNanos;
    private boolean closed;

    WindowExport(
            Naming naming, AgentState state, Spool spool, Tally tally, Metrics metrics, Log log) {
        this.naming = naming;
        this.state = state;
        this.spool = spool;
        this.tally = tally;
        this.log = log;
        String folded = "emberscope_collector_folded_samples_total";
        String help = "Samples whose series lost a label because there were too many.";
        foldedThreadNames = metrics.counter(folded, help, "label", "thread_name");
        foldedExecutables = metrics.counter(folded, help, "label", "executable");
        batchBytes =
                metrics.counter(
                        "emberscope_collector_batch_bytes_total",
                        "Bytes of batches, as they go over the wire.");
        thread = new Thread(null, this::run, "emberscope-export", 0);
        thread.setDaemon(true);
        thread.start();
    }

    /// Takes a finished window. Does not block.
    void accept(Window window) {
        lock.lock();
        try {
            if (closed || waiting.size() >= WAITING_MAX) {
                tally.dropped(Loss.BACKLOG, window.samples(), window.nanos());
                return;
            }
            waiting.addLast(window);
            pendingSamples += window.samples();
            pendingNanos += window.nanos();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Samples in windows that are not spooled yet.
    long pendingSamples() {
        lock.lock();
        try {
            return pendingSamples;
        } finally {
            lock.unlock();
        }
    }

    /// Time in windows that are not spooled yet.
    long pendingNanos() {
        lock.lock();
        try {
            return pendingNanos;
        } finally {
            lock.unlock();
        }
    }

    /// Finishes what waits and ends the thread.
    ///
    /// @param waitMillis for that; what is left then is dropped and counted
    void close(long waitMillis) {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(waitMillis);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            for (Window window : waiting) {
                tally.dropped(Loss.BACKLOG, window.samples(), window.nanos());
            }
            waiting.clear();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            for (Window window = next(); window != null; window = next()) {
                export(window);
                done(window);
            }
        } catch (InterruptedException _) {
            log.line("export ends: its thread was interrupted");
        }
    }

    private @Nullable Window next() throws InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty() && !closed) {
                changed.await();
            }
            return waiting.pollFirst();
        } finally {
            lock.unlock();
        }
    }

    private void done(Window window) {
        lock.lock();
        try {
            pendingSamples -= window.samples();
            pendingNanos -= window.nanos();
        } finally {
            lock.unlock();
        }
    }

    private void export(Window window) throws InterruptedException {
        foldedThreadNames.add(window.foldedThreadNames());
        foldedExecutables.add(window.foldedExecutables());
        byte[] body;
        try {
            body = compressed(OtlpEncoder.encode(naming.batch(window)));
        } catch (IOException | RuntimeException e) {
            tally.dropped(Loss.ENCODING, window.samples(), window.nanos());
            log.line("a window could not be encoded and is dropped: " + e);
            return;
        }
        batchBytes.add(body.length);
        spool.append(state.next(), body, window.samples(), window.nanos());
    }

    private static byte[] compressed(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 4 + 64);
        try (OutputStream gzip = new FastGzip(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    /// Gzip at a level that costs a third of the default's time for a tenth more bytes.
    private static final class FastGzip extends GZIPOutputStream {
        private static final int LEVEL = 3;
        private static final int BUFFER_BYTES = 8192;

        FastGzip(OutputStream out) throws IOException {
            super(out, BUFFER_BYTES);
            def.setLevel(LEVEL);
        }
    }
}
