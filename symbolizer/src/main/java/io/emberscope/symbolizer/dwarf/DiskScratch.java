package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A scratch file in a directory of our own. What a crash leaves there ends in `.scratch`.
public final class DiskScratch implements ScratchFile {
    /// What the names of scratch files end in.
    public static final String SUFFIX = ".scratch";

    private final Disk disk;
    private final Path path;
    private final DiskFile file;
    private long size;
    private boolean isClosed;

    private DiskScratch(Disk disk, Path path) throws IOException {
        this.disk = disk;
        this.path = path;
        disk.delete(path);
        this.file = disk.create(path);
    }

    /// Makes scratch files in a directory that nobody else makes files in meanwhile.
    ///
    /// @param name that theirs begin with
    public static ScratchFile.Factory in(Disk disk, Path directory, String name) {
        int[] made = {0};
        return () -> new DiskScratch(disk, directory.resolve(name + '.' + made[0]++ + SUFFIX));
    }

    @Override
    public void append(byte[] bytes, int offset, int length) throws IOException {
        file.append(ByteBuffer.wrap(bytes, offset, length));
        size += length;
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
        if (isClosed) {
            return;
        }
        isClosed = true;
        try (file) {
            disk.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException("deleting a scratch file", e);
        }
    }
}
