package io.emberscope.symbolizer.symbols;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Bytes that are written once and read again while a file is made: in memory as long as they are
/// few, then in a file of their own, which goes when this is closed.
final class Spill implements AutoCloseable {
    private static final int BUFFER_BYTES_MIN = 1024;
    static final int BUFFER_BYTES = 64 * 1024;

    private final Disk disk;
    private final Path path;
    private @Nullable DiskFile file;

    /// What is not in the file yet.
    private ByteBuffer buffer = buffer(BUFFER_BYTES_MIN);

    private long written;

    Spill(Disk disk, Path path) {
        this.disk = disk;
        this.path = path;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Bytes written so far.
    long size() {
        return written + buffer.position();
    }

    /// A place for the next bytes, which are to be put there at once.
    ///
    /// @param bytes at most [#BUFFER_BYTES]
    ByteBuffer room(int bytes) throws IOException {
        if (buffer.remaining() < bytes && buffer.capacity() < BUFFER_BYTES) {
            int wanted = Math.max(2 * buffer.capacity(), buffer.position() + bytes);
            buffer = buffer(Math.min(BUFFER_BYTES, wanted)).put(buffer.flip());
        }
        if (buffer.remaining() < bytes) {
            if (file == null) {
                disk.delete(path);
                file = disk.create(path);
            }
            written += buffer.flip().remaining();
            file.append(buffer);
            buffer.clear();
        }
        return buffer;
    }

    /// Reads what was written between two places, from the first on. Nothing may be written
    /// meanwhile.
    Reader reader(long from, long to, int bufferBytes) {
        return new Reader(from, to, bufferBytes);
    }

    @Override
    public void close() throws IOException {
        DiskFile closed = file;
        if (closed != null) {
            file = null;
            try {
                closed.close();
            } finally {
                disk.delete(path);
            }
        }
    }

    /// Reads forward.
    final class Reader {
        private final ByteBuffer piece;
        private final long end;
        private long position;

        private Reader(long from, long to, int bufferBytes) {
            this.position = from;
            this.end = to;
            this.piece = buffer((int) Math.min(bufferBytes, to - from)).limit(0);
        }

        boolean hasRemaining() {
            return piece.hasRemaining() || position < end;
        }

        /// The next bytes, to be taken from what is returned at once.
        ///
        /// @param bytes at most as many as the buffer has
        ByteBuffer next(int bytes) throws IOException {
            if (piece.remaining() < bytes) {
                fill();
                if (piece.remaining() < bytes) {
                    throw new EOFException(path + ": ended (expected: " + bytes + " bytes more)");
                }
            }
            return piece;
        }

        private void fill() throws IOException {
            piece.compact();
            if (end - position < piece.remaining()) {
                piece.limit(piece.position() + (int) (end - position));
            }
            if (position < written && file != null) {
                int limit = piece.limit();
                if (written - position < piece.remaining()) {
                    piece.limit(piece.position() + (int) (written - position));
                }
                position += file.read(piece, position);
                piece.limit(limit);
            }
            if (position >= written) {
                int at = (int) (position - written);
                int bytes = Math.min(buffer.position() - at, piece.remaining());
                piece.put(piece.position(), buffer, at, bytes);
                piece.position(piece.position() + bytes);
                position += bytes;
            }
            piece.flip();
        }
    }
}
