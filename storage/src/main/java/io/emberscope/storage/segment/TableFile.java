package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.Type;

/// A file of one table of a segment, for readers other than this program. Safe for use by several
/// threads.
public final class TableFile {
    private final Disk disk;
    private final Path path;
    private final DataFile file;
    private final long rows;
    private final List<Long> offsets;
    private final List<ColumnFacts> columns;

    private TableFile(Disk disk, Path path, DataFile file, ParquetMetadata footer) {
        this.disk = disk;
        this.path = path;
        this.file = file;
        this.rows = footer.getBlocks().stream().mapToLong(BlockMetaData::getRowCount).sum();
        this.offsets = footer.getBlocks().stream().map(BlockMetaData::getStartingPos).toList();
        this.columns = columns(footer);
    }

    static TableFile of(Disk disk, Path directory, List<DataFile> files, String name)
            throws IOException {
        DataFile file = DataFile.of(files, name, directory);
        try (TableReader reader = TableReader.open(disk, directory, files, name, null)) {
            return new TableFile(disk, directory.resolve(name), file, reader.footer());
        }
    }

    /// Length in bytes.
    public long bytes() {
        return file.bytes();
    }

    /// Rows in it.
    public long rows() {
        return rows;
    }

    /// Where each row group begins.
    public List<Long> offsets() {
        return offsets;
    }

    /// Its columns, in the order of their field ids.
    public List<ColumnFacts> columns() {
        return columns;
    }

    /// Reads bytes, which are checked.
    ///
    /// @param from position of the first one
    /// @param length how many
    /// @throws DamagedSegmentException if they are not those that were written
    public byte[] read(long from, int length) throws IOException {
        if (from < 0 || length < 0 || from + length > file.bytes()) {
            throw new EOFException(
                    path + ": " + length + " bytes at " + from + " of " + file.bytes());
        }
        byte[] bytes = new byte[length];
        try (SeekableInputStream stream = new DiskInput(disk, path, file).newStream()) {
            stream.seek(from);
            stream.readFully(bytes);
            return bytes;
        } catch (DamagedBlockException e) {
            throw new DamagedSegmentException(String.valueOf(e.getMessage()), e);
        }
    }

    private static List<ColumnFacts> columns(ParquetMetadata footer) {
        Map<Integer, List<ColumnChunkMetaData>> chunks = new TreeMap<>();
        for (BlockMetaData group : footer.getBlocks()) {
            for (ColumnChunkMetaData chunk : group.getColumns()) {
                Type.ID id = chunk.getPrimitiveType().getId();
                if (id != null) {
                    chunks.computeIfAbsent(id.intValue(), _ -> new ArrayList<>()).add(chunk);
                }
            }
        }
        List<ColumnFacts> columns = new ArrayList<>();
        chunks.forEach((id, of) -> columns.add(facts(id, of)));
        return columns;
    }

    private static ColumnFacts facts(int id, List<ColumnChunkMetaData> chunks) {
        Statistics<?> all = chunks.getFirst().getStatistics().copy();
        boolean isKnown = !all.isEmpty() && chunks.getFirst().getPath().size() == 1;
        for (ColumnChunkMetaData chunk : chunks.subList(1, chunks.size())) {
            isKnown &= !chunk.getStatistics().isEmpty();
            all.mergeStatistics(chunk.getStatistics());
        }
        boolean hasBounds = isKnown && all.hasNonNullValue();
        return new ColumnFacts(
                id,
                chunks.stream().mapToLong(ColumnChunkMetaData::getTotalSize).sum(),
                chunks.stream().mapToLong(ColumnChunkMetaData::getValueCount).sum(),
                all.isNumNullsSet() ? all.getNumNulls() : 0,
                hasBounds ? single(all.genericGetMin()) : null,
                hasBounds ? single(all.genericGetMax()) : null);
    }

    private static byte[] single(Comparable<?> value) {
        return switch (value) {
            case Integer number ->
                    ByteBuffer.allocate(Integer.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(number)
                            .array();
            case Long number ->
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(number)
                            .array();
            case Binary text -> text.getBytes();
            default -> throw new IllegalStateException("bound: " + value.getClass());
        };
    }
}
