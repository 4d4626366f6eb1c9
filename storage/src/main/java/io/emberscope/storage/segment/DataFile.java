package io.emberscope.storage.segment;

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
}
