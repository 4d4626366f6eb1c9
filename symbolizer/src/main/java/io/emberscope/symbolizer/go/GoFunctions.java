package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;

/// The index of a Go program's functions, gone through from the first on: where each is, and where
/// what is told of it.
final class GoFunctions {
    private final GoTable table;
    private final SectionView index;
    private final SectionView records;
    private final int width;
    private int next;
    private long before;
    private long start;
    private long end;
    private long record;

    /// @param section the table is in
    GoFunctions(GoTable table, SectionView section) throws IOException {
        this.table = table;
        this.index = GoTable.part(section, table.functionsAt());
        // The oldest form counts from the start of the section.
        this.records = table.version() == GoTable.Version.GO_1_2 ? section : index;
        this.width = hasOffsets() ? Integer.BYTES : table.wordBytes();
        this.before = table.text();
    }

    private boolean hasOffsets() {
        return table.version().compareTo(GoTable.Version.GO_1_18) >= 0;
    }

    boolean hasNext() {
        return next < table.count();
    }

    /// Goes to the next.
    ///
    /// @throws MalformedInputException if it is nowhere, or before where the last one ended; there
    ///   may be others behind
    void next() throws IOException {
        long at = 2L * width * next;
        next++;
        start = table.text() + index.unsigned(at, width);
        record = index.unsigned(at + width, width);
        end = table.text() + index.unsigned(at + 2L * width, width);
        if (Long.compareUnsigned(start, before) < 0
                || Long.compareUnsigned(start, end) >= 0
                || end - start > Integer.MAX_VALUE) {
            throw new MalformedInputException(
                    ".gopclntab: function from 0x"
                            + Long.toHexString(start)
                            + " to 0x"
                            + Long.toHexString(end)
                            + " (expected: in order, from 0x"
                            + Long.toHexString(before)
                            + ")");
        }
        before = end;
    }

    /// Address of its first byte.
    long start() {
        return start;
    }

    /// Address behind its last byte, which is where the next one begins.
    long end() {
        return end;
    }

    /// Where its name is among the names.
    long name() throws IOException {
        // What is told of a function begins with where it is.
        return records.unsigned(record + width, Integer.BYTES);
    }

    /// A number of what is told of it.
    long number(long at, int bytes) throws IOException {
        return records.unsigned(record + at, bytes);
    }
}
