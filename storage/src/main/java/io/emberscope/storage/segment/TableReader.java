package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.apache.parquet.HadoopFreeReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.ParquetRuntimeException;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/// Reads columns of one table of a segment. Every failure that is the file's fault becomes a
/// [DamagedSegmentException] that names the file and, where it can be told, the column.
final class TableReader implements AutoCloseable {
    private final Path path;
    private final DiskInput input;
    private final SeekableInputStream stream;
    private final ParquetFileReader reader;

    private TableReader(
            Path path, DiskInput input, SeekableInputStream stream, ParquetFileReader reader) {
        this.path = path;
        this.input = input;
        this.stream = stream;
        this.reader = reader;
    }

    /// Opens a table of a tenant.
    ///
    /// @param directory where the tenant's tables are
    /// @param files those that it should have
    /// @param footer what [#footer] said of the file before, or null
    static TableReader open(
            Disk disk,
            Path directory,
            List<DataFile> files,
            String name,
            @Nullable ParquetMetadata footer)
            throws IOException {
        DataFile file = DataFile.of(files, name, directory);
        return open(disk, directory.resolve(name), file, footer);
    }

    private static TableReader open(
            Disk disk, Path path, DataFile file, @Nullable ParquetMetadata footer)
            throws IOException {
        DiskInput input = new DiskInput(disk, path, file);
        SeekableInputStream stream;
        try {
            stream = input.newStream();
        } catch (NoSuchFileException e) {
            throw new DamagedSegmentException(path + ": missing", e);
        }
        try {
            ParquetReadOptions options = HadoopFreeReadOptions.with(new ZstdCodecs());
            ParquetFileReader reader =
                    footer == null
                            ? ParquetFileReader.open(input, options, stream)
                            : ParquetFileReader.open(input, footer, options, stream);
            return new TableReader(path, input, stream, reader);
        } catch (DamagedBlockException e) {
            stream.close();
            throw new DamagedSegmentException(path + ": footer damaged at " + e.offset(), e);
        } catch (RuntimeException e) {
            stream.close();
            throw new DamagedSegmentException(path + ": footer damaged", e);
        }
    }

    /// What the file says of itself; may be kept for a later [#open].
    ParquetMetadata footer() {
        return reader.getFooter();
    }

    /// How many row groups there are.
    int groups() {
        return reader.getRowGroups().size();
    }

    /// Rows of a row group.
    int rows(int group) {
        return Math.toIntExact(reader.getRowGroups().get(group).getRowCount());
    }

    /// Reads all columns of a row group.
    Columns read(int group, MessageType table) throws IOException {
        return read(group, table, table.getFields().stream().map(Type::getName).toList(), null);
    }

    /// Reads columns of a row group.
    ///
    /// @param columns of the table's schema
    Columns read(int group, MessageType table, List<String> columns) throws IOException {
        return read(group, table, columns, null);
    }

    /// Reads columns of some rows of a row group. Columns that were added to the table since the
    /// file was written are left out.
    ///
    /// @param rows which, or null for all; pages without any of them are not read
    Columns read(int group, MessageType table, List<String> columns, @Nullable RowRanges rows)
            throws IOException {
        MessageType projection =
                new MessageType(
                        table.getName(),
                        columns.stream().filter(this::has).map(table::getType).toList());
        try {
            reader.setRequestedSchema(projection);
            PageReadStore pages =
                    rows == null
                            ? reader.readRowGroup(group)
                            : reader.readFilteredRowGroup(group, rows);
            return new Columns(path, pages, projection, footer().getFileMetaData().getCreatedBy());
        } catch (DamagedBlockException e) {
            throw new DamagedSegmentException(
                    path + ": " + placeOf(e.offset()) + " damaged at " + e.offset(), e);
        } catch (ParquetRuntimeException e) {
            throw new DamagedSegmentException(path + ": " + columns + " damaged", e);
        }
    }

    private boolean has(String column) {
        return footer().getFileMetaData().getSchema().containsField(column);
    }

    @Override
    public void close() throws IOException {
        reader.close();
        stream.close();
    }

    @Override
    public String toString() {
        return input.toString();
    }

    /// The columns of which a block holds a part.
    private String placeOf(long offset) {
        long end = offset + BlockChecksums.BLOCK_BYTES;
        StringBuilder found = new StringBuilder();
        for (BlockMetaData group : reader.getRowGroups()) {
            for (ColumnChunkMetaData chunk : group.getColumns()) {
                long start = chunk.getStartingPos();
                if (start < end && start + chunk.getTotalSize() > offset) {
                    found.append(found.isEmpty() ? "column " : " or ");
                    found.append(chunk.getPath().toDotString());
                }
            }
        }
        return found.isEmpty() ? "page index" : found.toString();
    }
}
