package io.emberscope.collector.export;

/// How long to wait before the next attempt: twice as long after each failure, within bounds, and
/// less by chance so that many agents do not come back at once.
final class Backoff {
    static final long FIRST_NANOS = 1_000_000_000L;
    static final long LONGEST_NANOS = 60_000_000_000L;

    private long random;
    private int failures;

    /// @param seed makes the chance repeatable
    Backoff(long seed) {
        this.random = seed | 1;
    }

    /// Nanoseconds to wait after another failure.
    ///
    /// @param askedNanos what the server asked for; waited for at least
    long afterFailure(long askedNanos) {
        int doublings = Math.min(failures, 16);
        failures++;
        long wait = Math.min(LONGEST_NANOS, FIRST_NANOS << doublings);
        // Xorshift: good enough to spread agents, and no class to load.
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        long jitter = Math.floorMod(random, wait / 2 + 1);
        return Math.max(askedNanos + jitter / 4, wait - jitter);
    }

    void afterSuccess() {
        failures = 0;
    }
}
