package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;

/// A new file of a [Disk] for Parquet to write, whose checksums are taken on the way. Closing the
/// stream makes the bytes durable.
final class DiskOutput implements OutputFile, AutoCloseable {
    private static final int BUFFER_BYTES = 32 << 10;

    private final DiskFile file;
    private final BlockChecksums checksums = new BlockChecksums();
    private final Stream stream = new Stream();

    DiskOutput(Disk disk, Path path) throws IOException {
        this.file = disk.create(path);
    }

    /// What was written, once the stream is closed.
    DataFile finish(String name) {
        return new DataFile(name, checksums.bytes(), checksums.finish());
    }

    @Override
    public PositionOutputStream create(long blockSizeHint) {
        return stream;
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) {
        return stream;
    }

    @Override
    public boolean supportsBlockSize() {
        return false;
    }

    @Override
    public long defaultBlockSize() {
        return 0;
    }

    /// Closes the file whether or not it was written whole.
    @Override
    public void close() throws IOException {
        file.close();
    }

    private final class Stream extends PositionOutputStream {
        private final byte[] buffer = new byte[BUFFER_BYTES];
        private int used;
        private boolean closed;

        @Override
        public long getPos() {
            return checksums.bytes() + used;
        }

        @Override
        public void write(int b) throws IOException {
            if (used == buffer.length) {
                drain();
            }
            buffer[used++] = (byte) b;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int from = offset;
            int left = length;
            while (left > 0) {
                if (used == buffer.length) {
                    drain();
                }
                int part = Math.min(left, buffer.length - used);
                System.arraycopy(bytes, from, buffer, used, part);
                used += part;
                from += part;
                left -= part;
            }
        }

        @Override
        public void flush() {
            // Only the end matters.
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                drain();
                file.force();
                file.close();
            }
        }

        private void drain() throws IOException {
            if (used > 0) {
                file.append(ByteBuffer.wrap(buffer, 0, used));
                checksums.update(buffer, 0, used);
                used = 0;
            }
        }
    }
}
