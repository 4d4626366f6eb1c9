package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskFullException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Files that come in: each has a name of its own, is bounded, and leaves room for the profiles.
/// Safe for use by several threads.
final class Incoming {
    private static final int PIECE_BYTES = 64 << 10;

    /// What must be left on the disk for profiles, which are why we are here.
    private static final long DISK_BYTES_LEFT_MIN = 1L << 30;

    private static final long BYTES_BETWEEN_LOOKS = 16L << 20;

    /// What comes more slowly holds a place that others wait for.
    private static final long RATE_BYTES_MIN = 64 << 10;

    private final Disk disk;
    private final Path directory;
    private final long bytesMax;
    private final Duration rateTime;
    private final AtomicLong last = new AtomicLong();

    /// @param bytesMax of one file
    /// @param rateTime in which some of a file must have come
    Incoming(Disk disk, Path directory, long bytesMax, Duration rateTime) {
        this.disk = disk;
        this.directory = directory;
        this.bytesMax = bytesMax;
        this.rateTime = rateTime;
    }

    /// A name for a file that is not there yet.
    Path next() {
        return directory.resolve(Long.toString(last.incrementAndGet()));
    }

    /// Writes a file of all that comes. If that fails, it is gone.
    ///
    /// @throws MalformedInputException if it is empty, too long, or comes too slowly
    /// @throws DiskFullException if profiles need the room
    void write(Path path, InputStream in) throws IOException {
        boolean isWhole = false;
        Watch watch = new Watch(in);
        watch.next();
        try (DiskFile file = disk.create(path)) {
            copy(in, file, watch);
            isWhole = true;
        } catch (IOException e) {
            throw watch.isLate() ? late() : e;
        } finally {
            watch.end();
            if (!isWhole) {
                disk.delete(path);
            }
        }
    }

    private MalformedInputException late() {
        return new MalformedInputException(
                "file: came too slowly (expected: at least "
                        + RATE_BYTES_MIN
                        + " bytes each "
                        + rateTime.toSeconds()
                        + " s)");
    }

    /// Ends a file that comes too slowly: closes it and wakes whoever reads it.
    private final class Watch {
        private final InputStream in;
        private final Thread reader = Thread.currentThread();
        private long bytes;
        private long bytesBefore;
        private boolean isLate;
        private boolean hasEnded;

        Watch(InputStream in) {
            this.in = in;
        }

        void next() {
            CompletableFuture.delayedExecutor(rateTime.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(this::look);
        }

        private void look() {
            synchronized (this) {
                if (hasEnded) {
                    return;
                }
                isLate = bytes - bytesBefore < RATE_BYTES_MIN;
                bytesBefore = bytes;
                if (isLate) {
                    reader.interrupt();
                }
            }
            if (!isLate()) {
                next();
                return;
            }
            try {
                in.close();
            } catch (IOException _) {
                // It is read no longer.
            }
        }

        synchronized void add(int count) {
            bytes += count;
        }

        synchronized boolean isLate() {
            return isLate;
        }

        synchronized void end() {
            hasEnded = true;
            if (isLate) {
                var _ = Thread.interrupted(); // what woke us
            }
        }
    }

    void delete(Path path) throws IOException {
        disk.delete(path);
    }

    private static int read(InputStream in, byte[] piece) throws IOException {
        try {
            return in.read(piece);
        } catch (IOException e) {
            throw new EndedEarlyException(e);
        }
    }

    /// Who sends a file stopped before its end.
    static final class EndedEarlyException extends IOException {
        private static final long serialVersionUID = 1;

        EndedEarlyException(IOException cause) {
            super("file: ended early", cause);
        }
    }

    private void copy(InputStream in, DiskFile file, Watch watch) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        long bytes = 0;
        long looked = -BYTES_BETWEEN_LOOKS;
        for (int count = read(in, piece); count >= 0; count = read(in, piece)) {
            bytes += count;
            watch.add(count);
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
