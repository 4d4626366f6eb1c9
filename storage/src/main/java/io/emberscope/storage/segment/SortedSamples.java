package io.emberscope.storage.segment;

import io.emberscope.storage.window.Content;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// The samples of one tenant's window in the order of a segment: by profile type, then the hot
/// labels, series, stack, and time.
final class SortedSamples {
    private final Content content;
    private final int[][] profilesOf;
    private final long[] stackRank;
    private final boolean[] stackUsed;

    SortedSamples(Content content) {
        this.content = content;
        this.profilesOf = profilesBySeries(content);
        this.stackRank = stackRanks(content);
        this.stackUsed = new boolean[content.stackCount()];
    }

    void writeTo(TenantTables tables) throws IOException {
        int[] order =
                IntStream.range(0, content.seriesCount())
                        .filter(i -> profilesOf[i].length > 0)
                        .boxed()
                        .sorted(seriesOrder(content))
                        .mapToInt(Integer::intValue)
                        .toArray();
        for (int series : order) {
            tables.series(content.seriesIds()[series], content.series()[series]);
            writeSeries(profilesOf[series], tables);
        }
    }

    /// Whether a stack of the content was written.
    boolean isStackUsed(int stack) {
        return stackUsed[stack];
    }

    private void writeSeries(int[] profiles, TenantTables tables) throws IOException {
        int[] inTime = inTimeOrder(profiles);
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
        for (long key : keys) {
            int profile = profileOf[(int) key];
            int row = rowOf[(int) key];
            int stack = content.rowStacks()[row];
            stackUsed[stack] = true;
            tables.sample(
                    content.profileMicros()[profile],
                    content.profileMillis()[profile],
                    content.stackIds()[stack],
                    content.rowValues()[row],
                    content.profilePeriods()[profile]);
        }
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
        Comparator<Integer> order =
                Comparator.comparing(i -> content.series()[i], TableOrder.SERIES);
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
