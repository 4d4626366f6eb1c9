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

/// Writes one Parquet file, column by column within each page's worth of rows, so that no object is
/// made per row.
final class TableWriter {
    private final Disk disk;
    private final MessageType schema;
    private final ParquetProperties properties;

    TableWriter(Disk disk, MessageType schema, ParquetProperties properties) {
        this.disk = disk;
        this.schema = schema;
        this.properties = properties;
    }

    /// Writes the file, which is durable (though not its name) when this returns.
    ///
    /// @param rows how many rows the table has
    /// @param columns one per column of the schema, in its order
    DataFile write(Path path, int rows, List<ColumnFill> columns) throws IOException {
        ZstdCodecs.Compressor compressor = new ZstdCodecs.Compressor();
        try (DiskOutput output = new DiskOutput(disk, path)) {
            ParquetFileWriter writer =
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
            for (int from = 0; from < rows; from += Tables.ROW_GROUP_ROWS) {
                int to = Math.min(rows, from + Tables.ROW_GROUP_ROWS);
                writeRowGroup(writer, compressor, from, to, columns);
            }
            writer.end(Map.of());
            return output.finish(path.getFileName().toString());
        } finally {
            compressor.release();
        }
    }

    private void writeRowGroup(
            ParquetFileWriter writer,
            ZstdCodecs.Compressor compressor,
            int from,
            int to,
            List<ColumnFill> fills)
            throws IOException {
        List<ColumnDescriptor> columns = schema.getColumns();
        try (ColumnChunkPageWriteStore pages =
                        new ColumnChunkPageWriteStore(
                                compressor,
                                schema,
                                properties.getAllocator(),
                                properties.getColumnIndexTruncateLength(),
                                properties.getPageWriteChecksumEnabled());
                ColumnWriteStore store = properties.newColumnWriteStore(schema, pages)) {
            int pageRows = properties.getPageRowCountLimit();
            for (int start = from; start < to; start += pageRows) {
                int end = Math.min(to, start + pageRows);
                for (int column = 0; column < columns.size(); column++) {
                    fills.get(column).write(store.getColumnWriter(columns.get(column)), start, end);
                }
                // The store counts rows, and ends all pages at the last one of these.
                for (int row = start; row < end; row++) {
                    store.endRecord();
                }
            }
            store.flush();
            writer.startBlock(to - from);
            pages.flushToFileWriter(writer);
            writer.endBlock();
        }
    }
}
