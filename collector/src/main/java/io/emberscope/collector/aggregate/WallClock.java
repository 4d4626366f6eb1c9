package io.emberscope.collector.aggregate;

import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/// Turns times of the monotonic clock, which samples carry, into times since the epoch.
///
/// The distance between the two clocks changes when somebody sets the clock or the machine sleeps,
/// so it is measured again at every round ([#update]).
public final class WallClock {
    /// A change of the distance that is called a jump.
    static final long JUMP_NANOS = 1_000_000_000L;

    private static final long NOISE_NANOS = 1_000_000L;
    private static final int LOOKS = 3;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final InstantSource wall;
    private final LongSupplier monotonicNanos;
    private long offsetNanos;
    private long jumps;

    /// @param monotonicNanos the clock of the samples
    public WallClock(InstantSource wall, LongSupplier monotonicNanos) {
        this.wall = wall;
        this.monotonicNanos = monotonicNanos;
        this.offsetNanos = measure();
    }

    /// Nanoseconds since the epoch at a monotonic time, as the clock is set now.
    public long epochNanos(long monotonic) {
        return monotonic + offsetNanos;
    }

    /// The monotonic time of nanoseconds since the epoch, as the clock is set now.
    public long monotonicNanos(long epoch) {
        return epoch - offsetNanos;
    }

    /// Measures the distance of the clocks again.
    public void update() {
        long measured = measure();
        long change = Math.abs(measured - offsetNanos);
        if (change > NOISE_NANOS) {
            offsetNanos = measured;
        }
        if (change > JUMP_NANOS) {
            jumps++;
        }
    }

    /// Times that the clock jumped.
    public long jumps() {
        return jumps;
    }

    /// The distance by the quickest of a few looks: we may lose the CPU between two clocks.
    private long measure() {
        long best = 0;
        long bestGap = Long.MAX_VALUE;
        for (int i = 0; i < LOOKS; i++) {
            long before = monotonicNanos.getAsLong();
            Instant now = wall.instant();
            long gap = monotonicNanos.getAsLong() - before;
            if (gap < bestGap) {
                bestGap = gap;
                best = now.getEpochSecond() * NANOS_PER_SECOND + now.getNano() - before - gap / 2;
            }
        }
        return best;
    }
}
