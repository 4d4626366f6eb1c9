package io.emberscope.symbolizer.elf;

/// Turns functions that overlap, given in the order of their starts, into ranges that do not: a
/// byte goes to the function that begins last at or before it and reaches it.
final class Flattening {
    /// Functions within functions; what is around more than these is forgotten.
    private static final int NESTING_MAX = 64;

    // The functions that reach the cursor or beyond, each within the one before it.
    private final long[] openEnds = new long[NESTING_MAX];
    private final int[] openReferences = new int[NESTING_MAX];
    private int open;

    /// Everything before it is decided.
    private long cursor;

    private final int[] starts;
    private final int[] ends;
    private final int[] references;
    private int size;

    /// @param ranges there will be; 0 to only count them
    Flattening(int ranges) {
        starts = new int[ranges];
        ends = new int[ranges];
        references = new int[ranges];
    }

    /// Takes a function; `start` is greater than that of the one before.
    void sized(long start, long end, int reference) {
        advance(start);
        while (open > 0 && openEnds[open - 1] <= end) {
            open--; // hidden for good
        }
        if (open == NESTING_MAX) {
            System.arraycopy(openEnds, 1, openEnds, 0, --open);
            System.arraycopy(openReferences, 1, openReferences, 0, open);
        }
        openEnds[open] = end;
        openReferences[open++] = reference;
    }

    /// Takes a symbol that reaches to `end`, where the next one is, unless it is inside a function.
    void unsized(long start, long end, int reference) {
        advance(start);
        if (open == 0) {
            sized(start, end, reference);
        }
    }

    private void advance(long to) {
        while (open > 0 && cursor < to) {
            long end = Math.min(openEnds[open - 1], to);
            if (cursor < end) {
                add(cursor, end, openReferences[open - 1]);
                cursor = end;
            }
            if (openEnds[open - 1] <= cursor) {
                open--;
            }
        }
        cursor = to;
    }

    private void add(long start, long end, int reference) {
        if (size < starts.length) {
            starts[size] = FunctionTable.bias(start);
            ends[size] = FunctionTable.bias(end);
            references[size] = reference;
        }
        size++;
    }

    /// Says that there are no more functions.
    ///
    /// @return how many ranges there are
    int finish() {
        advance(Long.MAX_VALUE);
        return size;
    }

    /// The ranges, of which there are as many as were said.
    FunctionTable table(FunctionNames names) {
        return new FunctionTable(starts, ends, references, names);
    }
}
