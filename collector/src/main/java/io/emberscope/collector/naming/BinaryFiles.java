package io.emberscope.collector.naming;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.collector.process.Binary;
import java.io.IOException;

/// Opens the files that profiled processes have mapped. May never return, so it is called on a
/// thread that can be spared.
public interface BinaryFiles {
    /// An open file and what tells it from others.
    ///
    /// @param source its bytes
    /// @param device it is on
    /// @param inode its number there
    /// @param changedNanos when it was last changed
    /// @param size bytes
    /// @param isOfRoot whether root owns it
    record OpenFile(
            ByteSource source,
            long device,
            long inode,
            long changedNanos,
            long size,
            boolean isOfRoot) {}

    /// Opens a binary's file through one of the processes that have it mapped.
    ///
    /// @throws IOException if that is not possible now
    OpenFile open(Binary binary) throws IOException;
}
