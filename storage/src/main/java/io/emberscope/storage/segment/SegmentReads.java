package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.jspecify.annotations.Nullable;

/// What the segments of one store share when they are read: the disk, caches, and whom to tell of
/// damage.
final class SegmentReads {
    private static final long COLUMN_BYTES = 800;

    private final Disk disk;
    private final BiConsumer<Segment, DamagedSegmentException> onDamage;
    private final ByteBoundedCache<Key, SeriesTable> series;
    private final ByteBoundedCache<Key, ParquetMetadata> footers;

    /// @param bytesMax of both caches together
    SegmentReads(Disk disk, long bytesMax, BiConsumer<Segment, DamagedSegmentException> onDamage) {
        this.disk = disk;
        this.onDamage = onDamage;
        this.series = new ByteBoundedCache<>(bytesMax / 2, SeriesTable::bytes);
        this.footers = new ByteBoundedCache<>(bytesMax / 2, SegmentReads::bytesOf);
    }

    Disk disk() {
        return disk;
    }

    void damaged(Segment segment, DamagedSegmentException damage) {
        onDamage.accept(segment, damage);
    }

    @Nullable SeriesTable series(Path segment, Manifest.Tenant part) {
        return series.get(new Key(segment, part.directory()));
    }

    void keep(Path segment, Manifest.Tenant part, SeriesTable table) {
        series.put(new Key(segment, part.directory()), table);
    }

    @Nullable ParquetMetadata footer(Path segment, Manifest.Tenant part) {
        return footers.get(new Key(segment, part.directory()));
    }

    void keep(Path segment, Manifest.Tenant part, ParquetMetadata footer) {
        footers.put(new Key(segment, part.directory()), footer);
    }

    void forget(Path segment) {
        series.removeIf(key -> key.segment.equals(segment));
        footers.removeIf(key -> key.segment.equals(segment));
    }

    long bytes() {
        return series.bytes() + footers.bytes();
    }

    private static long bytesOf(ParquetMetadata footer) {
        long columns = 0;
        for (BlockMetaData group : footer.getBlocks()) {
            columns += group.getColumns().size();
        }
        return (columns + 1) * COLUMN_BYTES;
    }

    private record Key(Path segment, String tenantDirectory) {}
}
