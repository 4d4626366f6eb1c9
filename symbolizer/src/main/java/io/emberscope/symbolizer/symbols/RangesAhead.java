package io.emberscope.symbolizer.symbols;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Has ranges merged by a thread of its own while other things are written, a few thousand ahead of
/// whoever takes them.
final class RangesAhead implements AutoCloseable {
    private static final int BATCH = 4096;
    private static final int BATCHES_MAX = 4;

    private final BlockingQueue<Batch> full = new ArrayBlockingQueue<>(BATCHES_MAX);
    private final Thread thread;

    /// Some that come one after the other. The last batch is the one that is not full, and has what
    /// went wrong, if something did.
    private static final class Batch {
        final long[] starts = new long[BATCH];
        final long[] lasts = new long[BATCH];
        final int[] nodes = new int[BATCH];
        final int[] texts = new int[BATCH];
        final int[] lines = new int[BATCH];
        int count;
        @Nullable Exception failure;
    }

    /// Begins to merge them; nothing may be told any more.
    RangesAhead(Ranges ranges) {
        thread = Thread.ofPlatform().name("merge ranges").daemon().start(() -> merge(ranges));
    }

    private void merge(Ranges ranges) {
        Batch[] filling = {new Batch()};
        try {
            try {
                ranges.forEach(
                        (start, last, node, text, line) -> {
                            Batch batch = filling[0];
                            if (batch.count == BATCH) {
                                put(batch);
                                batch = new Batch();
                                filling[0] = batch;
                            }
                            int i = batch.count++;
                            batch.starts[i] = start;
                            batch.lasts[i] = last;
                            batch.nodes[i] = node;
                            batch.texts[i] = text;
                            batch.lines[i] = line;
                        });
            } catch (IOException | RuntimeException e) {
                filling[0].failure = e;
            }
            if (filling[0].count == BATCH && filling[0].failure == null) {
                put(filling[0]);
                filling[0] = new Batch();
            }
            put(filling[0]);
        } catch (InterruptedIOException _) {
            // Nobody takes them any more.
        }
    }

    private void put(Batch batch) throws InterruptedIOException {
        try {
            full.put(batch);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // for the batch that would be the last
            throw new InterruptedIOException("merging ranges");
        }
    }

    /// Passes them all, in the order of addresses. To be called once.
    void forEach(RangeVisitor visitor) throws IOException {
        Batch batch;
        do {
            batch = take();
            switch (batch.failure) {
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                case null, default -> {}
            }
            for (int i = 0; i < batch.count; i++) {
                visitor.range(
                        batch.starts[i],
                        batch.lasts[i],
                        batch.nodes[i],
                        batch.texts[i],
                        batch.lines[i]);
            }
        } while (batch.count == BATCH);
    }

    private Batch take() throws InterruptedIOException {
        try {
            while (true) {
                Batch batch = full.poll(1, TimeUnit.SECONDS);
                if (batch != null) {
                    return batch;
                }
                if (!thread.isAlive() && full.isEmpty()) {
                    throw new IllegalStateException("merging ranges: ended (expected: to go on)");
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("merging ranges");
        }
    }

    /// Ends the thread; when this returns it is gone.
    @Override
    public void close() {
        thread.interrupt();
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
