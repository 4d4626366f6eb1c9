package io.emberscope.symbolizer.dwarf;

import java.io.IOException;
import java.util.Arrays;

/// Ranges of one unit's code with numbers of what they belong to, relative to the lowest address
/// that the binary has code at. What is not within its code is left out: linkers leave such to what
/// they discarded, at 0 or thereabouts. Used again for the next unit.
final class LocalRanges implements RangeLists.Target {
    private static final int RANGES_MAX = 1_000_000;
    private static final int KEPT = 1 << 16;
    private static final int FIRST = 256;

    private final long codeStart;
    private final long codeBytes;
    private int owner;
    private int count;
    private long[] starts = new long[FIRST];
    private long[] ends = new long[FIRST];
    private int[] owners = new int[FIRST];

    // What #flatten made.
    private int pieceCount;
    private long[] pieceStarts = {};
    private long[] pieceEnds = {};
    private int[] pieceOwners = {};
    private int[] order = {};
    private int[] open = {};

    /// @param codeStart lowest address of code
    /// @param codeBytes from there to the end of the highest
    LocalRanges(long codeStart, long codeBytes) {
        this.codeStart = codeStart;
        this.codeBytes = codeBytes;
    }

    /// Forgets all ranges.
    void clear() {
        count = 0;
        pieceCount = 0;
        if (starts.length > KEPT) {
            starts = new long[FIRST];
            ends = new long[FIRST];
            owners = new int[FIRST];
            pieceStarts = new long[0];
            pieceEnds = new long[0];
            pieceOwners = new int[0];
            order = new int[0];
            open = new int[0];
        }
    }

    /// Whose ranges come next.
    void owner(int number) {
        owner = number;
    }

    @Override
    public void range(long start, long end) throws IOException {
        long from = start - codeStart;
        if (Long.compareUnsigned(start, end) >= 0 || Long.compareUnsigned(from, codeBytes) >= 0) {
            return;
        }
        long to = end - codeStart;
        if (count == starts.length) {
            if (count >= RANGES_MAX) {
                throw new TooMuchException(
                        TooMuchException.What.UNIT,
                        "ranges of a unit (expected: at most " + RANGES_MAX + ")");
            }
            int room = Math.min(RANGES_MAX, count * 4);
            starts = Arrays.copyOf(starts, room);
            ends = Arrays.copyOf(ends, room);
            owners = Arrays.copyOf(owners, room);
        }
        starts[count] = from;
        ends[count] = Long.compareUnsigned(to, codeBytes) > 0 ? codeBytes : to;
        owners[count++] = owner;
    }

    int count() {
        return count;
    }

    /// Makes pieces of the ranges that do not overlap: a byte goes to the range that begins last at
    /// or before it and reaches it; of those that begin together, to the one told last.
    void flatten() {
        if (order.length < count) {
            order = new int[starts.length];
            open = new int[starts.length];
        }
        if (pieceStarts.length < 2 * count) {
            pieceStarts = new long[2 * starts.length];
            pieceEnds = new long[2 * starts.length];
            pieceOwners = new int[2 * starts.length];
        }
        pieceCount = 0;
        NaturalSort.order(starts, count, order);
        int depth = 0;
        long done = 0;
        for (int i = 0; i <= count; i++) {
            int next = i == count ? -1 : order[i];
            long to = next < 0 ? Long.MAX_VALUE : starts[next];
            while (depth > 0) {
                int top = open[depth - 1];
                long end = Math.min(ends[top], to);
                if (end > done) {
                    piece(done, end, owners[top]);
                    done = end;
                }
                if (ends[top] > to) {
                    break;
                }
                depth--;
            }
            if (next >= 0) {
                done = to;
                open[depth++] = next;
            }
        }
    }

    private void piece(long start, long end, int of) {
        int last = pieceCount - 1;
        if (last >= 0 && pieceEnds[last] == start && pieceOwners[last] == of) {
            pieceEnds[last] = end;
            return;
        }
        pieceStarts[pieceCount] = start;
        pieceEnds[pieceCount] = end;
        pieceOwners[pieceCount++] = of;
    }

    int pieceCount() {
        return pieceCount;
    }

    long pieceStart(int piece) {
        return pieceStarts[piece];
    }

    long pieceEnd(int piece) {
        return pieceEnds[piece];
    }

    int pieceOwner(int piece) {
        return pieceOwners[piece];
    }
}
