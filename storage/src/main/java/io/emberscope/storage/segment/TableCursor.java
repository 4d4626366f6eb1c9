package io.emberscope.storage.segment;

import java.io.IOException;
import java.util.List;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/// Goes through the rows of a table, of which some are decoded at a time. The columns of one row
/// group are in memory, as they are on the disk.
abstract class TableCursor implements AutoCloseable {
    /// Rows that are decoded together.
    static final int BATCH_ROWS = 1_024;

    /// Texts of a column that are kept to be found again: sorted tables have equal ones together.
    static final int TEXTS_KNOWN = 1_024;

    private final TenantSource source;
    private final MessageType table;
    private final List<String> columns;
    private final TableReader reader;
    private int group;
    private @Nullable Columns read;
    private int left;
    private int size;

    /// The row in the batch that it is at.
    int at;

    TableCursor(TenantSource source, String name, MessageType table, List<String> columns)
            throws IOException {
        this.source = source;
        this.table = table;
        this.columns = columns;
        this.reader = source.open(name);
    }

    /// Goes to the next row.
    ///
    /// @return false if there is none
    final boolean next() throws IOException {
        return ++at < size || fill();
    }

    TenantSource source() {
        return source;
    }

    /// Begins a row group.
    abstract void open(Columns group) throws IOException;

    /// Decodes so many rows.
    abstract void decode(int rows) throws IOException;

    private boolean fill() throws IOException {
        at = 0;
        size = 0;
        try {
            while (left == 0) {
                if (group == reader.groups()) {
                    return false;
                }
                Columns next = reader.read(group++, table, columns);
                next.decode(() -> open(next));
                read = next;
                left = next.rows();
            }
            Columns current = read;
            if (current != null) {
                int rows = Math.min(left, BATCH_ROWS);
                current.decode(() -> decode(rows));
                left -= rows;
                size = rows;
            }
            return size > 0;
        } catch (DamagedSegmentException e) {
            throw source.noted(e);
        }
    }

    @Override
    public final void close() throws IOException {
        reader.close();
    }
}
