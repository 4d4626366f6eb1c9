package io.emberscope.server.query;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.Limits;
import io.emberscope.storage.query.TimeRange;
import java.time.Duration;
import java.util.List;

/// How finely a time series is cut.
final class Steps {
    /// Lengths that divide clock time evenly. Each is a multiple of the first, the agents' window:
    /// other steps would hold now one window more and now one less, and draw waves that nobody
    /// made.
    private static final List<Duration> EVEN =
            List.of(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(2),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(15),
                    Duration.ofMinutes(30),
                    Duration.ofHours(1),
                    Duration.ofHours(2),
                    Duration.ofHours(3),
                    Duration.ofHours(6),
                    Duration.ofHours(12));

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration DAY = Duration.ofDays(1);

    private Steps() {}

    /// The step that was asked for, or one that gives about [Limits#TIMESERIES_POINTS_DEFAULT]
    /// points.
    static Duration of(String text, TimeRange range) throws MalformedInputException {
        Duration span = Duration.between(range.from(), range.to());
        if (text.isEmpty()) {
            return byDefault(span);
        }
        Duration step = TimeText.duration("step", text);
        if (step.compareTo(SHORTEST) < 0) {
            throw new MalformedInputException(
                    "step: " + text + " (expected: at least " + SHORTEST.toMillis() + "ms)");
        }
        if (span.dividedBy(step) >= Limits.TIMESERIES_POINTS_MAX) {
            throw new MalformedInputException(
                    "step: "
                            + text
                            + " gives "
                            + span.dividedBy(step)
                            + " points (expected: at most "
                            + Limits.TIMESERIES_POINTS_MAX
                            + "; a longer step or a shorter range)");
        }
        return step;
    }

    private static Duration byDefault(Duration span) {
        Duration wanted = span.dividedBy(Limits.TIMESERIES_POINTS_DEFAULT);
        for (Duration step : EVEN) {
            if (step.compareTo(wanted) >= 0) {
                return step;
            }
        }
        return DAY.multipliedBy(wanted.dividedBy(DAY) + 1);
    }
}
