package io.emberscope.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Callable;

/// Waits for what another thread or process does.
public final class Await {
    private static final long PAUSE_MILLIS = 50;

    private Await() {}

    /// Looks again and again until something is so; fails if it is not in time.
    public static void until(Duration patience, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("time").isLessThan(end);
            Thread.sleep(PAUSE_MILLIS);
        }
    }
}
