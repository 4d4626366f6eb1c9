package io.emberscope.storage;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which segments become one; `docs/formats/segment.md` says it in words.
///
/// Sizes are bounded because a question for a short time reads all samples of its series in a
/// segment, so a segment of a day of a large installation would make it slow.
final class MergePolicy {
    /// So many of one level become one of the next.
    static final int FAN_IN = 8;

    /// Samples of the largest segment that a merge makes. What has more than half of it is done.
    static final long ROWS_MAX = 1 << 25;

    /// The same in bytes, of the sources.
    static final long BYTES_MAX = 256L << 20;

    /// No segment holds more of the store's clock.
    static final Duration PERIOD_MAX = Duration.ofDays(1);

    /// No segment holds more of the retention, since it is kept until its newest sample may go.
    static final int PERIODS_OF_RETENTION = 8;

    /// If no segment came for so long, no more are waited for.
    static final Duration QUIET = Duration.ofMinutes(10);

    private final int sourcesMax;
    private final long periodMillis;

    /// @param sourcesMax most segments that become one
    MergePolicy(Duration retention, int sourcesMax) {
        this.sourcesMax = sourcesMax;
        this.periodMillis =
                Math.max(
                        1,
                        Math.min(
                                PERIOD_MAX.toMillis(),
                                retention.toMillis() / PERIODS_OF_RETENTION));
    }

    /// A segment as this sees it.
    ///
    /// @param oldestMillis the store's clock when the first of its windows was written
    /// @param newestMillis the same of the last of them
    /// @param windows how many windows it was made of
    /// @param isBound whether it follows the segment before it and both can be merged
    record Candidate(
            long oldestMillis,
            long newestMillis,
            int windows,
            long rows,
            long bytes,
            boolean isBound) {
        /// Windows, then what was made of eight of them, of 64, ...
        int level() {
            int level = 0;
            for (int rest = windows; rest >= FAN_IN; rest /= FAN_IN) {
                level++;
            }
            return level;
        }

        boolean isDone() {
            return rows > ROWS_MAX / 2 || bytes > BYTES_MAX / 2;
        }
    }

    /// Neighbours that should become one.
    ///
    /// @param from place of the first
    /// @param to place behind the last
    record Choice(int from, int to) {}

    /// The oldest ones that should become one, or null.
    ///
    /// @param all oldest first; the last one stays as it is in any case
    @Nullable Choice choose(List<Candidate> all, long nowMillis) {
        int last = all.size() - 1;
        int from = 0;
        while (from < last) {
            int to = from + 1;
            while (to < last && belongTogether(all.get(to - 1), all.get(to))) {
                to++;
            }
            Choice choice = choose(all, from, to, nowMillis);
            if (choice != null) {
                return choice;
            }
            from = to;
        }
        return null;
    }

    /// Of segments of one period that follow one another.
    private @Nullable Choice choose(List<Candidate> all, int from, int to, long nowMillis) {
        for (int first = from; first + FAN_IN <= to; first++) {
            int level = all.get(first).level();
            if (all.subList(first, first + FAN_IN).stream().allMatch(c -> c.level() == level)) {
                Choice choice = fitting(all, first, first + FAN_IN);
                if (choice != null) {
                    return choice;
                }
            }
        }
        Candidate newest = all.getLast();
        if (period(newest.newestMillis) != period(all.get(from).newestMillis)) {
            return fitting(all, from, to);
        }
        if (nowMillis - newest.newestMillis >= QUIET.toMillis()) {
            return fitting(all, worthwhile(all, from, to), to);
        }
        return null;
    }

    /// The first from which on none is so large beside those after it that writing it again would
    /// cost much for little.
    private static int worthwhile(List<Candidate> all, int from, int to) {
        int first = to - 1;
        long bytes = all.get(first).bytes;
        while (first > from && all.get(first - 1).bytes <= FAN_IN * bytes) {
            first--;
            bytes += all.get(first).bytes;
        }
        return first;
    }

    /// The first ones of a range that are together not too large, or null if no two are.
    private @Nullable Choice fitting(List<Candidate> all, int from, int to) {
        for (int first = from; first < to; first++) {
            long rows = 0;
            long bytes = 0;
            int end = first;
            while (end < to && end - first < sourcesMax) {
                rows += all.get(end).rows;
                bytes += all.get(end).bytes;
                if (rows > ROWS_MAX || bytes > BYTES_MAX) {
                    break;
                }
                end++;
            }
            if (end - first > 1) {
                return new Choice(first, end);
            }
        }
        return null;
    }

    private boolean belongTogether(Candidate older, Candidate newer) {
        return newer.isBound
                && !older.isDone()
                && !newer.isDone()
                && period(older.oldestMillis) == period(newer.newestMillis);
    }

    private long period(long millis) {
        return Math.floorDiv(millis, periodMillis);
    }
}
