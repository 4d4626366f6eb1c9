package io.emberscope.storage;

import java.security.SecureRandom;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/// What a store needs of the world besides its disk: what tests replace.
///
/// @param threaded whether the store has threads of its own
/// @param nanoClock the monotonic clock
/// @param salts random numbers that strangers cannot guess
/// @param completions runs what waits for an append
record StoreRuntime(
        boolean threaded, LongSupplier nanoClock, LongSupplier salts, Executor completions) {
    static StoreRuntime threadedRuntime() {
        SecureRandom random = new SecureRandom();
        return new StoreRuntime(
                true,
                System::nanoTime,
                random::nextLong,
                task -> Thread.ofVirtual().name("emberscope-store-ack").start(task));
    }

    /// Without threads, so that a test decides what happens when.
    static StoreRuntime manual(LongSupplier nanoClock, LongSupplier salts) {
        return new StoreRuntime(false, nanoClock, salts, Runnable::run);
    }
}
