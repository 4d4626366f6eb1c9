package io.emberscope.symbolizer.symbols;

import java.io.IOException;

/// Makes ranges that do not overlap of some that do, which come in the order of their starts: a
/// byte goes to the range with the lowest sequence number.
///
/// Kept are only the ranges that will be seen: by falling sequence number, which is by falling end,
/// as one that was told later and ends sooner is hidden for good.
final class Overlaps {
    /// Ranges of which each reaches over the end of the one before it.
    static final int OPEN_MAX = 4096;

    private final String what;
    private final RangeVisitor visitor;

    private int open;
    private final long[] lasts = new long[OPEN_MAX];
    private final int[] sequences = new int[OPEN_MAX];
    private final int[] nodes = new int[OPEN_MAX];
    private final int[] texts = new int[OPEN_MAX];
    private final int[] lines = new int[OPEN_MAX];

    /// Where what is seen now begins, which is not passed on yet.
    private long seenFrom;

    Overlaps(String what, RangeVisitor visitor) {
        this.what = what;
        this.visitor = visitor;
    }

    void add(long start, long last, int sequence, int node, int text, int line) throws IOException {
        advance(start);
        int at = open;
        while (at > 0 && sequences[at - 1] < sequence) {
            at--;
        }
        if (at < open && Long.compareUnsigned(lasts[at], last) >= 0) {
            return; // hidden
        }
        if (at == open && open > 0 && seenFrom != start) {
            pass(start - 1); // what was seen is hidden from here on
        }
        int hides = at;
        while (hides > 0 && Long.compareUnsigned(lasts[hides - 1], last) <= 0) {
            hides--;
        }
        move(at, hides + 1);
        lasts[hides] = last;
        sequences[hides] = sequence;
        nodes[hides] = node;
        texts[hides] = text;
        lines[hides] = line;
    }

    /// Decides what is before `to`.
    private void advance(long to) throws IOException {
        while (open > 0 && Long.compareUnsigned(lasts[open - 1], to) < 0) {
            end();
        }
        if (open == 0) {
            seenFrom = to;
        }
    }

    /// The range that is seen ends; the next one is seen from there on.
    private void end() throws IOException {
        pass(lasts[open - 1]);
        open--;
    }

    private void pass(long last) throws IOException {
        int seen = open - 1;
        visitor.range(seenFrom, last, nodes[seen], texts[seen], lines[seen]);
        seenFrom = last + 1;
    }

    private void move(int from, int to) throws IOException {
        int count = open - from;
        SymbolLimits.check("overlapping " + what, (long) to + count, OPEN_MAX);
        System.arraycopy(lasts, from, lasts, to, count);
        System.arraycopy(sequences, from, sequences, to, count);
        System.arraycopy(nodes, from, nodes, to, count);
        System.arraycopy(texts, from, texts, to, count);
        System.arraycopy(lines, from, lines, to, count);
        open = to + count;
    }

    /// Says that there are no more.
    void finish() throws IOException {
        while (open > 0) {
            end();
        }
    }
}
