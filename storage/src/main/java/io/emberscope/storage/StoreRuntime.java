package io.emberscope.storage;

import io.emberscope.storage.query.Parts;
import java.security.SecureRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// What a store needs of the world besides its disk: what tests replace.
///
/// @param threaded whether the store has threads of its own
/// @param nanoClock the monotonic clock
/// @param salts random numbers that strangers cannot guess
/// @param completions runs what waits for an append
/// @param parts works through the pieces of queries
record StoreRuntime(
        boolean threaded,
        LongSupplier nanoClock,
        LongSupplier salts,
        Executor completions,
        Parts parts) {
    /// Pieces of one query that are read ahead, for each processor.
    private static final int AHEAD_PER_PROCESSOR = 2;

    static StoreRuntime threadedRuntime() {
        SecureRandom random = new SecureRandom();
        return new StoreRuntime(
                true,
                System::nanoTime,
                random::nextLong,
                task -> Thread.ofVirtual().name("emberscope-store-ack").start(task),
                threadedParts());
    }

    /// Without threads, so that a test decides what happens when.
    static StoreRuntime manual(LongSupplier nanoClock, LongSupplier salts) {
        return new StoreRuntime(
                false, nanoClock, salts, Runnable::run, new Parts(Runnable::run, 1));
    }

    /// The query's own thread reads too, so together they are as many as there are processors.
    private static Parts threadedParts() {
        int processors = Runtime.getRuntime().availableProcessors();
        int threads = Math.max(1, processors - 1);
        ThreadPoolExecutor readers =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        1,
                        TimeUnit.MINUTES,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().name("emberscope-store-read-", 0).daemon().factory());
        readers.allowCoreThreadTimeOut(true);
        return new Parts(readers, AHEAD_PER_PROCESSOR * processors);
    }
}
