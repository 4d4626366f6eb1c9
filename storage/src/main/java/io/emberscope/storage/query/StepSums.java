package io.emberscope.storage.query;

import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.ProfileType;
import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.io.IOException;
import java.time.Duration;

/// Sums of values by steps of time; grows into a [TimeSeries].
public final class StepSums {
    private static final int STEPS_MAX = 11_000;
    private static final long MICROS_PER_MILLI = 1000;

    private final long startMillis;
    private final long stepMillis;
    private final long startMicros;
    private final long stepMicros;
    private final long[] sums;
    private boolean isEmpty = true;

    /// @throws QueryStoppedException if there would be more than 11,000 steps
    public StepSums(TimeRange range, Duration step) throws QueryStoppedException {
        stepMillis = step.toMillis();
        if (stepMillis <= 0) {
            throw new IllegalArgumentException("step: " + step + " (expected: at least 1 ms)");
        }
        startMillis =
                Math.floorDiv(Math.floorDiv(range.fromMicros(), MICROS_PER_MILLI), stepMillis)
                        * stepMillis;
        startMicros = startMillis * MICROS_PER_MILLI;
        stepMicros = Math.multiplyExact(stepMillis, MICROS_PER_MILLI);
        // A range near the ends of time overflows to a negative count, which is refused too.
        long steps = Math.ceilDiv(range.toMicros() - startMicros, stepMicros);
        if (steps > STEPS_MAX || steps < 0) {
            throw new QueryStoppedException(
                    Reason.SIZE,
                    "step: "
                            + step
                            + " makes "
                            + steps
                            + " points (expected: at most "
                            + STEPS_MAX
                            + ")");
        }
        sums = new long[(int) steps];
    }

    private StepSums(StepSums like) {
        startMillis = like.startMillis;
        stepMillis = like.stepMillis;
        startMicros = like.startMicros;
        stepMicros = like.stepMicros;
        sums = new long[like.sums.length];
    }

    /// The same steps without values.
    ///
    /// @param budget what its memory is taken from, until [#release]
    public StepSums empty(MemoryBudget budget) throws IOException {
        budget.reserve((long) sums.length * Long.BYTES);
        return new StepSums(this);
    }

    /// Gives back the memory that [#empty] took.
    public void release(MemoryBudget budget) {
        budget.release((long) sums.length * Long.BYTES);
    }

    /// The step that holds the time, which must be in the range.
    public int step(long micros) {
        return (int) ((micros - startMicros) / stepMicros);
    }

    /// Adds a value to the step that holds the time, which must be in the range.
    ///
    /// @throws QueryStoppedException if the sum would not fit 64 bits
    public void add(long micros, long value) throws QueryStoppedException {
        addAt(step(micros), value);
    }

    /// Adds a value to a step.
    ///
    /// @throws QueryStoppedException if the sum would not fit 64 bits
    public void addAt(int step, long value) throws QueryStoppedException {
        isEmpty = false;
        sums[step] = LongSums.exactSum(sums[step], value);
    }

    /// Adds sums of the same steps.
    ///
    /// @throws QueryStoppedException if a sum would not fit 64 bits
    public void add(StepSums more) throws QueryStoppedException {
        if (more.isEmpty) {
            return;
        }
        for (int i = 0; i < sums.length; i++) {
            addAt(i, more.sums[i]);
        }
    }

    /// Whether nothing was added, not even a zero.
    public boolean isEmpty() {
        return isEmpty;
    }

    /// The sums as an answer.
    public TimeSeries toSeries(ProfileType type) {
        return new TimeSeries(type, startMillis, stepMillis, sums.clone());
    }
}
