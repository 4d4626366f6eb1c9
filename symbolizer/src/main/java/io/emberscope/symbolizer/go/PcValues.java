package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Arrays;

/// One of the tables that have a value for each instruction of a function: which file, which line,
/// which inlined function. Read whole, of one function after the other.
final class PcValues {
    /// What instructions have that the table says nothing of.
    static final int NONE = -1;

    /// A longer table is none; those of the largest generated functions have a tenth.
    private static final int ROWS_MAX = 256 * 1024;

    private static final int NUMBER_BYTES_MAX = 5;

    private final SectionView tables;
    private final int quantum;
    private int[] ends = new int[64];
    private int[] values = new int[64];
    private int count;

    /// @param quantum of the code
    PcValues(SectionView tables, int quantum) {
        this.tables = tables;
        this.quantum = quantum;
    }

    /// Reads a table: pairs of a change of the value and how far the new one holds.
    ///
    /// @param at where it is; 0 if there is none
    /// @param codeBytes of the function, beyond which nothing is said
    /// @param work is told of every row
    void read(long at, long codeBytes, Work work) throws IOException {
        count = 0;
        if (at == 0) {
            return;
        }
        long position = at;
        int value = NONE;
        long end = 0;
        while (end < codeBytes) {
            long change = number(position);
            position += length;
            if (change == 0 && count != 0) {
                return;
            }
            value += (int) (change >>> 1) ^ -(int) (change & 1);
            long step = number(position) * quantum;
            position += length;
            if (step == 0) {
                throw new MalformedInputException(
                        ".gopclntab: a row of no code (expected: at least one instruction)");
            }
            end = Math.min(end + step, codeBytes);
            add((int) end, value, work);
        }
    }

    private int length;

    private long number(long at) throws IOException {
        long value = 0;
        for (int i = 0; i < NUMBER_BYTES_MAX; i++) {
            int b = (int) tables.unsigned(at + i, 1);
            value |= (long) (b & 0x7f) << (7 * i);
            if (b < 0x80) {
                length = i + 1;
                return value & 0xffff_ffffL;
            }
        }
        throw new MalformedInputException(".gopclntab: number (expected: at most 5 bytes)");
    }

    private void add(int end, int value, Work work) throws MalformedInputException {
        work.add(1);
        if (count == ROWS_MAX) {
            throw new MalformedInputException(
                    ".gopclntab: a table of more rows (expected: at most " + ROWS_MAX + ")");
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            values = Arrays.copyOf(values, 2 * count);
        }
        ends[count] = end;
        values[count] = value;
        count++;
    }

    int size() {
        return count;
    }

    /// Where a row ends, in bytes from the start of the function.
    int end(int row) {
        return ends[row];
    }

    int value(int row) {
        return values[row];
    }

    /// The value of an instruction.
    ///
    /// @param into bytes from the start of the function
    int at(long into) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ends[middle] <= into) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < count ? values[low] : NONE;
    }
}
