package io.emberscope.storage.segment;

import org.apache.parquet.column.ColumnWriter;

/// Gives the values of one column, a range of rows at a time.
@FunctionalInterface
interface ColumnFill {
    /// Writes the values of the rows `from` up to, not including, `to`.
    void write(ColumnWriter writer, int from, int to);

    /// Numbers of an array.
    static ColumnFill of(long[] values) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writer.write(values[i], 0, 0);
            }
        };
    }

    /// Numbers of an array.
    static ColumnFill of(int[] values) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writer.write(values[i], 0, 0);
            }
        };
    }
}
