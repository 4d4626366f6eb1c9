package io.emberscope.storage.segment;

import java.nio.file.Path;
import java.util.List;

/// A file of a segment as its manifest knows it.
///
/// @param name file name within the tenant's directory
/// @param bytes length
/// @param checksums CRC32C of each 64 KiB
record DataFile(String name, long bytes, int[] checksums) {
    DataFile {
        if (checksums.length != BlockChecksums.blocks(bytes)) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + checksums.length
                            + " checksums (expected: "
                            + BlockChecksums.blocks(bytes)
                            + ")");
        }
    }

    /// The file with that name.
    ///
    /// @param directory where the files are
    /// @throws DamagedSegmentException if there is none
    static DataFile of(List<DataFile> files, String name, Path directory)
            throws DamagedSegmentException {
        for (DataFile file : files) {
            if (file.name().equals(name)) {
                return file;
            }
        }
        throw new DamagedSegmentException(directory.resolve(name) + ": missing in the manifest");
    }
}
