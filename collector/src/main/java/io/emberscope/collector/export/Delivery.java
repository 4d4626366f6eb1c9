package io.emberscope.collector.export;

import io.emberscope.base.metrics.Metrics;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Sends what is in the spool, oldest first and one at a time, on a thread of its own. What cannot
/// be sent stays in the spool and is tried again; what the server refuses for good is dropped and
/// counted.
public final class Delivery implements AutoCloseable {
    private static final long IDLE_NANOS = 60_000_000_000L;
    private static final long HURRY_NANOS = 200_000_000L;
    private static final long JOIN_MILLIS = 1_000;
    private static final long SAME_MESSAGE_AGAIN = 20;

    private final Spool spool;
    private final Sender sender;
    private final Tally tally;
    private final Backoff backoff;
    private final Consumer<String> log;
    private final Metrics.Counter attempts;
    private final Metrics.Counter failures;
    private final Thread thread;
    private volatile boolean hurry;
    private volatile boolean closing;
    private long failedInARow;

    /// Starts the thread.
    ///
    /// @param seed of the chance in the backoff
    /// @param log takes one sentence about each thing an operator should know
    public Delivery(
            Spool spool,
            Sender sender,
            Tally tally,
            Metrics metrics,
            long seed,
            Consumer<String> log) {
        this.spool = spool;
        this.sender = sender;
        this.tally = tally;
        this.backoff = new Backoff(seed);
        this.log = log;
        attempts =
                metrics.counter(
                        "emberscope_collector_send_attempts_total", "Attempts to send a batch.");
        failures =
                metrics.counter(
                        "emberscope_collector_send_failures_total",
                        "Attempts that failed and are made again.");
        metrics.gauge(
                "emberscope_collector_spooled_batches",
                "Batches that wait for the server.",
                spool::size);
        metrics.gauge("emberscope_collector_spooled_bytes", "Bytes of them on disk.", spool::bytes);
        metrics.gauge("emberscope_collector_spooled_samples", "Samples in them.", spool::samples);
        metrics.gauge(
                "emberscope_collector_spooled_nanoseconds", "CPU time in them.", spool::nanos);
        thread = new Thread(null, this::run, "emberscope-send", 0);
        thread.setDaemon(true);
        thread.start();
    }

    /// Gives what is in the spool a last chance and ends the thread. What remains stays on disk.
    ///
    /// @param waitNanos for the spool to be empty
    public void close(long waitNanos) {
        try {
            hurry = true;
            spool.wake();
            spool.awaitEmpty(waitNanos);
            closing = true;
            spool.wake();
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        close(0);
    }

    private void run() {
        try {
            while (!closing) {
                Spool.Batch batch = spool.oldest(IDLE_NANOS);
                long wait = batch == null ? 0 : attempt(batch);
                if (wait > 0 && !closing) {
                    spool.pause(hurry ? Math.min(wait, HURRY_NANOS) : wait);
                }
            }
        } catch (InterruptedException _) {
            log.accept("sending ends: its thread was interrupted");
        }
    }

    /// Nanoseconds to wait before the next attempt.
    private long attempt(Spool.Batch batch) {
        byte @Nullable [] body = spool.read(batch);
        if (body == null) {
            return 0;
        }
        attempts.increment();
        return switch (sender.send(batch.id(), body)) {
            case SendResult.Accepted(String warning) -> {
                spool.remove(batch);
                tally.delivered(batch.samples(), batch.nanos());
                accepted(warning);
                yield 0;
            }
            case SendResult.Rejected(String message) -> {
                spool.remove(batch);
                tally.dropped(Loss.REJECTED, batch.samples(), batch.nanos());
                log.accept(
                        "the server refused batch "
                                + batch.id()
                                + ", which is dropped: "
                                + message);
                backoff.afterSuccess();
                yield 0;
            }
            case SendResult.Failed(String message, long waitNanos) -> {
                spool.keep(batch);
                failures.increment();
                failed(message);
                yield backoff.afterFailure(waitNanos);
            }
        };
    }

    private void accepted(String warning) {
        backoff.afterSuccess();
        if (failedInARow > 0) {
            log.accept("the server takes batches again; " + spool.size() + " wait");
            failedInARow = 0;
        }
        if (!warning.isEmpty()) {
            log.accept("the server accepted a batch in part: " + warning);
        }
    }

    private void failed(String message) {
        if (failedInARow % SAME_MESSAGE_AGAIN == 0) {
            log.accept("cannot send, will try again: " + message + "; " + spool.size() + " wait");
        }
        failedInARow++;
    }
}
