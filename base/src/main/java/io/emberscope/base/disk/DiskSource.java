package io.emberscope.base.disk;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// An existing file of a [Disk] as a [ByteSource]. Safe for use by several threads.
public final class DiskSource implements ByteSource {
    private final DiskFile file;
    private final long size;

    private DiskSource(DiskFile file, long size) {
        this.file = file;
        this.size = size;
    }

    /// Opens a file.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    public static DiskSource open(Disk disk, Path path) throws IOException {
        DiskFile file = disk.open(path);
        try {
            return new DiskSource(file, file.size());
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
        if (position < 0) {
            throw new IndexOutOfBoundsException(position);
        }
        int count = file.read(ByteBuffer.wrap(target, offset, length), position);
        return count == 0 && length > 0 ? -1 : count;
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing a file that was only read", e);
        }
    }
}
