package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.hadoop.ColumnChunkPageWriteStore;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/// Writes one Parquet file in pieces of any length, column by column within each piece, so that no
/// object is made per row. At most one row group is in memory, encoded.
final class TableWriter implements AutoCloseable {
    private final Path path;
    private final MessageType schema;
    private final int groupRows;
    private final Pace pace;
    private final DiskOutput output;
    private final ParquetFileWriter writer;
    private final ZstdCodecs.Compressor compressor = new ZstdCodecs.Compressor();
    private ParquetProperties properties;
    private @Nullable RowGroup group;

    /// @param path of the new file
    /// @param groupRows rows of a row group, a multiple of those of a page
    /// @param pace told after each page's worth of rows
    TableWriter(
            Disk disk,
            Path path,
            MessageType schema,
            int groupRows,
            ParquetProperties properties,
            Pace pace)
            throws IOException {
        this.path = path;
        this.schema = schema;
        this.groupRows = groupRows;
        this.properties = properties;
        this.pace = pace;
        this.output = new DiskOutput(disk, path);
        this.writer =
                new ParquetFileWriter(
                        output,
                        schema,
                        ParquetFileWriter.Mode.CREATE,
                        Long.MAX_VALUE,
                        0,
                        properties.getColumnIndexTruncateLength(),
                        properties.getStatisticsTruncateLength(),
                        properties.getPageWriteChecksumEnabled());
        writer.start();
    }

    /// Writes rows behind those that are there.
    ///
    /// @param rows how many
    /// @param columns one per column of the schema, in its order
    void append(int rows, List<ColumnFill> columns) throws IOException {
        int from = 0;
        while (from < rows) {
            RowGroup open = group;
            if (open == null) {
                open = new RowGroup();
                group = open;
            }
            int to = (int) Math.min(rows, from + open.pageRoom());
            open.write(columns, from, to);
            from = to;
            if (open.isFull()) {
                endGroup();
            }
            pace.pause();
        }
    }

    /// Ends the row group; the next one is encoded by these properties.
    void nextGroup(ParquetProperties next) throws IOException {
        endGroup();
        properties = next;
    }

    /// Ends the file, which is durable (though not its name) when this returns.
    DataFile finish() throws IOException {
        endGroup();
        writer.end(Map.of());
        return output.finish(path.getFileName().toString());
    }

    /// Closes the file whether or not it was finished.
    @Override
    public void close() throws IOException {
        try {
            if (group != null) {
                group.close();
            }
        } finally {
            compressor.release();
            output.close();
        }
    }

    private void endGroup() throws IOException {
        if (group != null) {
            try (RowGroup ending = group) {
                group = null;
                ending.flush();
            }
        }
    }

    /// Columns that are being encoded.
    private final class RowGroup implements AutoCloseable {
        private final List<ColumnDescriptor> columns = schema.getColumns();
        private final ColumnChunkPageWriteStore pages;
        private final ColumnWriteStore store;
        private final int pageRows = properties.getPageRowCountLimit();
        private long rows;

        RowGroup() {
            pages =
                    new ColumnChunkPageWriteStore(
                            compressor,
                            schema,
                            properties.getAllocator(),
                            properties.getColumnIndexTruncateLength(),
                            properties.getPageWriteChecksumEnabled());
            store = properties.newColumnWriteStore(schema, pages);
        }

        /// Rows until the end of the page, where the rows of all columns have to meet.
        long pageRoom() {
            return pageRows - rows % pageRows;
        }

        void write(List<ColumnFill> fills, int from, int to) {
            for (int column = 0; column < columns.size(); column++) {
                fills.get(column).write(store.getColumnWriter(columns.get(column)), from, to);
            }
            // The store counts rows, and ends all pages at the last one of these.
            for (int row = from; row < to; row++) {
                store.endRecord();
            }
            rows += to - from;
        }

        boolean isFull() {
            return rows >= groupRows
                    || (rows % pageRows == 0 && store.getBufferedSize() >= Tables.ROW_GROUP_BYTES);
        }

        void flush() throws IOException {
            store.flush();
            writer.startBlock(rows);
            pages.flushToFileWriter(writer);
            writer.endBlock();
        }

        @Override
        public void close() {
            store.close();
            pages.close();
        }
    }
}
