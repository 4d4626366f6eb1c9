package io.emberscope.symbolizer.dwarf;

/// Goes through a line table by address: which file and line is where. Where sequences overlap, the
/// one that ends first is right. Addresses are relative, as those of [LocalRanges].
final class LineRows {
    /// What [#file] answers where nothing is known.
    static final int NO_FILE = -1;

    private final LineTable table;
    private final long codeStart;
    private final long codeBytes;

    private int place = -1; // of the sequence, in their order by ends
    private long sequenceStart;
    private long sequenceEnd;
    private int row;
    private int lastRow;
    private boolean isInside;
    private long change;

    LineRows(LineTable table, long codeStart, long codeBytes) {
        this.table = table;
        this.codeStart = codeStart;
        this.codeBytes = codeBytes;
    }

    /// Goes to an address, which is not before the one before.
    void goTo(long at) {
        while (sequenceEnd <= at) {
            if (place + 1 >= table.sequenceCount()) {
                isInside = false;
                change = Long.MAX_VALUE;
                return;
            }
            enter(table.sequence(++place));
        }
        if (at < sequenceStart) {
            isInside = false;
            change = sequenceStart;
            return;
        }
        while (row + 1 < lastRow && relative(row + 1) <= at) {
            row++;
        }
        isInside = true;
        change = row + 1 < lastRow ? relative(row + 1) : sequenceEnd;
    }

    private long relative(int of) {
        return table.address(of) - codeStart;
    }

    private void enter(int sequence) {
        long start = table.low(sequence) - codeStart;
        long end = table.high(sequence) - codeStart;
        if (Long.compareUnsigned(start, codeBytes) >= 0) {
            return; // was discarded
        }
        // One that ends beyond the code ends where it begins to be no code.
        sequenceStart = Math.max(sequenceEnd, start);
        sequenceEnd = Math.max(sequenceEnd, end < 0 || end > codeBytes ? codeBytes : end);
        row = table.firstRow(sequence);
        lastRow = table.lastRow(sequence);
    }

    /// The next address where this may be different.
    long nextChange() {
        return change;
    }

    /// Number of the file there, or [#NO_FILE].
    int file() {
        return isInside ? table.fileIndex(table.file(row)) : NO_FILE;
    }

    /// The line there; 0 if none is known.
    int line() {
        return isInside ? Math.max(0, table.line(row)) : 0;
    }
}
