package io.emberscope.storage.segment;

import io.emberscope.profile.Series;
import io.emberscope.storage.query.LongIndex;
import io.emberscope.storage.window.Content;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// The samples of one tenant in the order of a segment: by profile type, then the hot labels,
/// series, time, and stack. Samples that agree in all but the value become one.
///
/// Rows of one series are neighbours, so a series is a range of rows, and its labels cost nearly
/// nothing.
final class SortedSamples {
    private static final int DISTINCT_ALWAYS = 256;
    private static final int ROWS_PER_DISTINCT = 32;

    private final Content content;

    /// Series that have rows, in order, as indices into the content.
    private final int[] order;

    /// First row after each series, by its place in the order.
    private final int[] ends;

    private final long[] firstMicros;
    private final long[] lastMicros;
    private final boolean[] stackUsed;

    private int rows;
    private final long[] micros;
    private final int[] millis;
    private final long[] periods;
    private final int[] stacks;
    private final long[] values;

    private SortedSamples(Content content, int[] order) {
        this.content = content;
        this.order = order;
        this.ends = new int[order.length];
        this.firstMicros = new long[order.length];
        this.lastMicros = new long[order.length];
        this.stackUsed = new boolean[content.stackCount()];
        int capacity = content.rowCount();
        this.micros = new long[capacity];
        this.millis = new int[capacity];
        this.periods = new long[capacity];
        this.stacks = new int[capacity];
        this.values = new long[capacity];
    }

    static SortedSamples of(Content content) {
        int[][] profilesOf = profilesBySeries(content);
        int[] order =
                IntStream.range(0, content.seriesCount())
                        .filter(i -> profilesOf[i].length > 0)
                        .boxed()
                        .sorted(seriesOrder(content))
                        .mapToInt(Integer::intValue)
                        .toArray();
        SortedSamples sorted = new SortedSamples(content, order);
        long[] stackRank = stackRanks(content);
        for (int place = 0; place < order.length; place++) {
            sorted.addSeries(place, profilesOf[order[place]], stackRank);
        }
        return sorted;
    }

    int rows() {
        return rows;
    }

    int seriesCount() {
        return order.length;
    }

    /// The series at a place in the order.
    Series series(int place) {
        return content.series()[order[place]];
    }

    long seriesId(int place) {
        return content.seriesIds()[order[place]];
    }

    /// First row after the series at a place in the order.
    int end(int place) {
        return ends[place];
    }

    int start(int place) {
        return place == 0 ? 0 : ends[place - 1];
    }

    /// Place of the series to which a row belongs.
    int placeOf(int row) {
        int found = Arrays.binarySearch(ends, row);
        return found < 0 ? -1 - found : found + 1;
    }

    long[] firstMicros() {
        return firstMicros;
    }

    long[] lastMicros() {
        return lastMicros;
    }

    long minMicros() {
        return Arrays.stream(firstMicros).min().orElse(0);
    }

    long maxMicros() {
        return Arrays.stream(lastMicros).max().orElse(0);
    }

    long[] micros() {
        return micros;
    }

    int[] millis() {
        return millis;
    }

    long[] periods() {
        return periods;
    }

    long[] values() {
        return values;
    }

    /// Whether the numbers of a column repeat so much that a dictionary of them is worth it.
    boolean isRepetitive(long[] column) {
        LongIndex distinct = new LongIndex();
        int most = Math.max(DISTINCT_ALWAYS, rows / ROWS_PER_DISTINCT);
        for (int i = 0; i < rows && distinct.size() <= most; i++) {
            distinct.add(column[i]);
        }
        return distinct.size() <= most;
    }

    /// Index of a row's stack in the content.
    int stack(int row) {
        return stacks[row];
    }

    /// Whether a stack of the content has rows.
    boolean isStackUsed(int stack) {
        return stackUsed[stack];
    }

    private void addSeries(int place, int[] profiles, long[] stackRank) {
        int[] inTime = inTimeOrder(profiles);
        firstMicros[place] = content.profileMicros()[inTime[0]];
        lastMicros[place] = content.profileMicros()[inTime[inTime.length - 1]];
        int count = 0;
        for (int profile : inTime) {
            count += content.profileEnds()[profile] - content.profileStart(profile);
        }
        int[] rowOf = new int[count];
        int[] profileOf = new int[count];
        // Rank of the stack in the upper half, place in time in the lower: sorts by stack, then by
        // time, and the row is still known.
        long[] keys = new long[count];
        int next = 0;
        for (int profile : inTime) {
            int end = content.profileEnds()[profile];
            for (int row = content.profileStart(profile); row < end; row++) {
                rowOf[next] = row;
                profileOf[next] = profile;
                keys[next] = stackRank[content.rowStacks()[row]] << 32 | next;
                next++;
            }
        }
        Arrays.sort(keys);
        int first = rows;
        for (long key : keys) {
            add(first, profileOf[(int) key], rowOf[(int) key]);
        }
        ends[place] = rows;
    }

    /// Adds a row, to the one before if they differ in the value at most.
    ///
    /// @param first first row of the series
    private void add(int first, int profile, int row) {
        int stack = content.rowStacks()[row];
        long value = content.rowValues()[row];
        int before = rows - 1;
        if (before >= first
                && stacks[before] == stack
                && micros[before] == content.profileMicros()[profile]
                && millis[before] == content.profileMillis()[profile]
                && periods[before] == content.profilePeriods()[profile]
                && fits(values[before], value)) {
            values[before] += value;
            return;
        }
        stackUsed[stack] = true;
        micros[rows] = content.profileMicros()[profile];
        millis[rows] = content.profileMillis()[profile];
        periods[rows] = content.profilePeriods()[profile];
        stacks[rows] = stack;
        values[rows] = value;
        rows++;
    }

    private static boolean fits(long a, long b) {
        long sum = a + b;
        return ((a ^ sum) & (b ^ sum)) >= 0;
    }

    private int[] inTimeOrder(int[] profiles) {
        for (int i = 1; i < profiles.length; i++) {
            if (compareTime(profiles[i - 1], profiles[i]) > 0) {
                return Arrays.stream(profiles)
                        .boxed()
                        .sorted(this::compareTime)
                        .mapToInt(Integer::intValue)
                        .toArray();
            }
        }
        return profiles;
    }

    private int compareTime(int a, int b) {
        int byStart = Long.compare(content.profileMicros()[a], content.profileMicros()[b]);
        if (byStart != 0) {
            return byStart;
        }
        int byLength = Integer.compare(content.profileMillis()[a], content.profileMillis()[b]);
        return byLength != 0
                ? byLength
                : Long.compare(content.profilePeriods()[a], content.profilePeriods()[b]);
    }

    private static int[][] profilesBySeries(Content content) {
        int[] counts = new int[content.seriesCount()];
        for (int i = 0; i < content.profileCount(); i++) {
            counts[content.profileSeries()[i]]++;
        }
        int[][] profiles = new int[counts.length][];
        for (int i = 0; i < counts.length; i++) {
            profiles[i] = new int[counts[i]];
        }
        for (int i = content.profileCount() - 1; i >= 0; i--) {
            int series = content.profileSeries()[i];
            profiles[series][--counts[series]] = i;
        }
        return profiles;
    }

    private static Comparator<Integer> seriesOrder(Content content) {
        Comparator<Integer> order = Comparator.comparing(i -> content.series()[i].type().id());
        for (String label : Tables.LABEL_COLUMNS) {
            order = order.thenComparing(i -> content.series()[i].labels().get(label));
        }
        return order.thenComparingLong(i -> content.seriesIds()[i]);
    }

    private static long[] stackRanks(Content content) {
        long[] sorted = Arrays.copyOf(content.stackIds(), content.stackCount());
        Arrays.sort(sorted);
        long[] ranks = new long[content.stackCount()];
        for (int i = 0; i < ranks.length; i++) {
            ranks[i] = Arrays.binarySearch(sorted, content.stackIds()[i]);
        }
        return ranks;
    }
}
