package io.emberscope.storage.segment;

import org.apache.parquet.column.ColumnReader;
import org.jspecify.annotations.Nullable;

/// Numbers of a column that not every row has, or not every file.
final class NumberColumn {
    private final @Nullable ColumnReader reader;
    private final long absent;

    /// @param reader null if the file does not have the column
    /// @param absent stands for a number that is not there
    NumberColumn(@Nullable ColumnReader reader, long absent) {
        this.reader = reader;
        this.absent = absent;
    }

    /// The number of the current row; goes to the next one.
    long next() {
        if (reader == null) {
            return absent;
        }
        boolean isThere =
                reader.getCurrentDefinitionLevel()
                        == reader.getDescriptor().getMaxDefinitionLevel();
        long number = isThere ? reader.getLong() : absent;
        reader.consume();
        return number;
    }
}
