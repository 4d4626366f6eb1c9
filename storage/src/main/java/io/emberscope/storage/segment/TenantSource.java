package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tables of one tenant that a merge reads.
///
/// @param directory where they are
/// @param rows how many samples there are
/// @param segment is told of damage; null if they are of no segment yet
record TenantSource(
        Disk disk, Path directory, List<DataFile> files, long rows, @Nullable Segment segment) {
    TableReader open(String table) throws IOException {
        try {
            return TableReader.open(disk, directory, files, table, null);
        } catch (DamagedSegmentException e) {
            throw noted(e);
        }
    }

    /// A contradiction between the tables, to be thrown.
    DamagedSegmentException damaged(String what) {
        return noted(new DamagedSegmentException(directory + ": " + what));
    }

    /// Notes damage, which is to be thrown.
    DamagedSegmentException noted(DamagedSegmentException found) {
        if (segment != null) {
            segment.note(found);
        }
        return found;
    }
}
