package io.emberscope.collector.sampling;

/// Keeps what the agent uses of the CPU within a share of the machine's, by taking fewer samples
/// that each stand for more. Looks at some seconds at a time, and at none of the first, in which a
/// JVM starts.
final class CpuBudget {
    static final long START_NANOS = 30_000_000_000L;
    static final long PERIOD_NANOS = 10_000_000_000L;

    /// Fewer would not say anything; and what does not depend on samples is left anyway.
    static final double SHARE_MIN = 0.02;

    /// To take more again, there must be this much room.
    private static final double ROOM = 0.8;

    private static final double GROWTH_MAX = 1.25;
    private static final double FALL_MAX = 0.5;

    private final int cpus;
    private final long startNanos;
    private long periodStartNanos;
    private long periodStartUsed;
    private double used;
    private double share = 1;

    /// @param cpus of this machine
    /// @param startNanos when the agent started, on the monotonic clock
    CpuBudget(int cpus, long startNanos) {
        this.cpus = cpus;
        this.startNanos = startNanos;
        this.periodStartNanos = startNanos;
    }

    /// Share of the hits to take, 0..1.
    double share() {
        return share;
    }

    /// What was used of the machine's CPU time when last looked at, 0..1.
    double used() {
        return used;
    }

    /// To be called about once a second.
    ///
    /// @param usedNanos CPU time used so far, for everything
    /// @param budget share of the machine's CPU time that may be used
    /// @return whether the share is another now
    boolean tick(long nowNanos, long usedNanos, double budget) {
        if (nowNanos - startNanos <= START_NANOS) {
            periodStartNanos = nowNanos;
            periodStartUsed = usedNanos;
            return false;
        }
        long elapsed = nowNanos - periodStartNanos;
        if (elapsed < PERIOD_NANOS) {
            return false;
        }
        used = (double) (usedNanos - periodStartUsed) / elapsed / cpus;
        periodStartNanos = nowNanos;
        periodStartUsed = usedNanos;
        double before = share;
        if (used > budget) {
            share = Math.max(SHARE_MIN, share * Math.max(FALL_MAX, budget / used));
        } else if (share < 1 && used < ROOM * budget) {
            share = Math.min(1, share * Math.min(GROWTH_MAX, ROOM * budget / Math.max(used, 1e-9)));
        }
        return share != before;
    }
}
