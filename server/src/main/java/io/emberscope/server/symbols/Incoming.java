package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskFullException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/// Files that come in: each has a name of its own, is bounded, and leaves room for the profiles.
/// Safe for use by several threads.
final class Incoming {
    private static final int PIECE_BYTES = 64 << 10;

    /// What must be left on the disk for profiles, which are why we are here.
    private static final long DISK_BYTES_LEFT_MIN = 1L << 30;

    private static final long BYTES_BETWEEN_LOOKS = 16L << 20;

    private final Disk disk;
    private final Path directory;
    private final long bytesMax;
    private final AtomicLong last = new AtomicLong();

    /// @param bytesMax of one file
    Incoming(Disk disk, Path directory, long bytesMax) {
        this.disk = disk;
        this.directory = directory;
        this.bytesMax = bytesMax;
    }

    /// A name for a file that is not there yet.
    Path next() {
        return directory.resolve(Long.toString(last.incrementAndGet()));
    }

    /// Writes a file of all that comes. If that fails, it is gone.
    ///
    /// @throws MalformedInputException if it is empty or too long
    /// @throws DiskFullException if profiles need the room
    void write(Path path, InputStream in) throws IOException {
        boolean isWhole = false;
        try (DiskFile file = disk.create(path)) {
            copy(in, file);
            isWhole = true;
        } finally {
            if (!isWhole) {
                disk.delete(path);
            }
        }
    }

    void delete(Path path) throws IOException {
        disk.delete(path);
    }

    private void copy(InputStream in, DiskFile file) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        long bytes = 0;
        long looked = -BYTES_BETWEEN_LOOKS;
        for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
            bytes += count;
            if (bytes > bytesMax) {
                throw new MalformedInputException(
                        "file: too long (expected: at most " + bytesMax + " bytes)");
            }
            if (bytes - looked >= BYTES_BETWEEN_LOOKS) {
                looked = bytes;
                if (disk.usableBytes(directory) < DISK_BYTES_LEFT_MIN) {
                    throw new DiskFullException(
                            "disk: less than "
                                    + DISK_BYTES_LEFT_MIN
                                    + " bytes left, which are for profiles");
                }
            }
            file.append(ByteBuffer.wrap(piece, 0, count));
        }
        if (bytes == 0) {
            throw new MalformedInputException("file: empty (expected: an ELF or a symbol file)");
        }
    }
}
