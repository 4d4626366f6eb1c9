package io.emberscope.storage.segment;

import java.util.function.IntFunction;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

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

    /// Numbers of an array in a column that may have none.
    ///
    /// @param absent stands for a number that is not there
    static ColumnFill optional(long[] values, long absent) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                if (values[i] == absent) {
                    writer.writeNull(0, 0);
                } else {
                    writer.write(values[i], 0, 1);
                }
            }
        };
    }

    /// The same number in all rows of a column that may have none.
    static ColumnFill always(long value) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writer.write(value, 0, 1);
            }
        };
    }

    /// Texts of rows; null is an empty one.
    ///
    /// @param optional whether the column may have none, which is what becomes of an empty one
    static ColumnFill texts(IntFunction<@Nullable Binary> text, boolean optional) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                text(writer, text.apply(i), optional);
            }
        };
    }

    /// One text; null is an empty one.
    static void text(ColumnWriter writer, @Nullable Binary value, boolean optional) {
        if (!optional) {
            writer.write(value == null ? Binary.EMPTY : value, 0, 0);
        } else if (value == null) {
            writer.writeNull(0, 0);
        } else {
            writer.write(value, 0, 1);
        }
    }
}
