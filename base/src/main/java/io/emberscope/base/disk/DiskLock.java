package io.emberscope.base.disk;

import java.io.IOException;

/// A directory claimed by this process; see [Disk#lock].
public interface DiskLock extends AutoCloseable {
    /// Gives the directory free.
    @Override
    void close() throws IOException;
}
