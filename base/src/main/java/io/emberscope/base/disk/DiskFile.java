package io.emberscope.base.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/// One open file of a [Disk].
public interface DiskFile extends AutoCloseable {
    /// Writes all remaining bytes of `source` at the end of the file.
    ///
    /// @throws DiskFullException if there is no room for all of it; some of it may have been
    ///   written
    /// @throws IOException if not everything could be written; some of it may have been
    void append(ByteBuffer source) throws IOException;

    /// Reads into `target` from `position` until it is full or the file ends.
    ///
    /// @return bytes read, 0 at the end of the file
    int read(ByteBuffer target, long position) throws IOException;

    /// Makes all bytes written so far durable. After a failure nothing may be assumed about any
    /// byte written since the last success, also not if a later call succeeds.
    void force() throws IOException;

    /// Cuts the file to `bytes`, or leaves it if it is shorter.
    void truncate(long bytes) throws IOException;

    /// Length in bytes.
    long size() throws IOException;

    @Override
    void close() throws IOException;
}
