package io.emberscope.storage;

import java.time.Duration;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/// The clock by which retention counts. It runs with the monotonic clock, so no jump of the wall
/// clock makes anything older. Across a restart it goes on by the wall clock's difference, but by
/// [#DOWNTIME_MAX] at most and never back: a clock that was set wrong while the process was down
/// costs at most that, and data of a server that was down for longer is kept longer.
final class AgeClock {
    /// Most that one restart can age the data.
    static final Duration DOWNTIME_MAX = Duration.ofDays(1);

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final LongSupplier nanoClock;
    private final long startMillis;
    private final long startNanos;

    private AgeClock(LongSupplier nanoClock, long startMillis) {
        this.nanoClock = nanoClock;
        this.startMillis = startMillis;
        this.startNanos = nanoClock.getAsLong();
    }

    /// The clock of a new store: it starts at what the wall clock says.
    static AgeClock first(LongSupplier nanoClock, InstantSource wall) {
        return new AgeClock(nanoClock, wall.millis());
    }

    /// The clock of a store that was written before.
    ///
    /// @param lastMillis what this clock said when the newest segment was written
    /// @param lastWallMillis what the wall clock said then
    static AgeClock after(
            LongSupplier nanoClock, InstantSource wall, long lastMillis, long lastWallMillis) {
        long down = wall.millis() - lastWallMillis;
        return new AgeClock(nanoClock, lastMillis + Math.clamp(down, 0, DOWNTIME_MAX.toMillis()));
    }

    long millis() {
        return startMillis + (nanoClock.getAsLong() - startNanos) / NANOS_PER_MILLI;
    }
}
