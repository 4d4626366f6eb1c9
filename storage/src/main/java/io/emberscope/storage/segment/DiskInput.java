package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;

/// A file of a segment for Parquet to read. Whole blocks are read and checked against the checksums
/// that the manifest has, so a damaged byte is an error wherever it is: in a page, in a page's
/// header or in the footer, of which Parquet's own checksums cover only the first.
final class DiskInput implements InputFile {
    private static final int BLOCK_BYTES = BlockChecksums.BLOCK_BYTES;

    private final Disk disk;
    private final Path path;
    private final DataFile file;

    DiskInput(Disk disk, Path path, DataFile file) {
        this.disk = disk;
        this.path = path;
        this.file = file;
    }

    @Override
    public long getLength() {
        return file.bytes();
    }

    @Override
    public SeekableInputStream newStream() throws IOException {
        return new Stream(disk.open(path));
    }

    @Override
    public String toString() {
        return path.toString();
    }

    private final class Stream extends SeekableInputStream {
        private final DiskFile opened;
        private final CRC32C crc = new CRC32C();
        private final ByteBuffer block =
                ByteBuffer.allocate((int) Math.min(BLOCK_BYTES, file.bytes()));
        private long blockNumber = -1;
        private long position;

        Stream(DiskFile opened) {
            this.opened = opened;
        }

        @Override
        public long getPos() {
            return position;
        }

        @Override
        public void seek(long newPosition) {
            position = newPosition;
        }

        @Override
        public int read() throws IOException {
            if (position >= file.bytes()) {
                return -1;
            }
            load(position / BLOCK_BYTES);
            return block.get((int) (position++ % BLOCK_BYTES)) & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            long left = file.bytes() - position;
            if (left <= 0) {
                return length == 0 ? 0 : -1;
            }
            int part = (int) Math.min(left, length);
            readFully(bytes, offset, part);
            return part;
        }

        @Override
        public void readFully(byte[] bytes) throws IOException {
            readFully(bytes, 0, bytes.length);
        }

        @Override
        public void readFully(byte[] bytes, int start, int length) throws IOException {
            if (length > file.bytes() - position) {
                throw new EOFException(
                        path + ": the end before " + length + " bytes at " + position);
            }
            int to = start;
            int left = length;
            while (left > 0) {
                int inBlock = (int) (position % BLOCK_BYTES);
                int part;
                if (inBlock == 0 && left >= BLOCK_BYTES) {
                    part = BLOCK_BYTES;
                    check(position / BLOCK_BYTES, ByteBuffer.wrap(bytes, to, part));
                } else {
                    load(position / BLOCK_BYTES);
                    part = Math.min(left, block.limit() - inBlock);
                    block.get(inBlock, bytes, to, part);
                }
                position += part;
                to += part;
                left -= part;
            }
        }

        @Override
        public int read(ByteBuffer buffer) throws IOException {
            long left = file.bytes() - position;
            if (left <= 0) {
                return buffer.hasRemaining() ? -1 : 0;
            }
            int part = (int) Math.min(left, buffer.remaining());
            readFully(buffer.array(), buffer.arrayOffset() + buffer.position(), part);
            buffer.position(buffer.position() + part);
            return part;
        }

        @Override
        public void readFully(ByteBuffer buffer) throws IOException {
            int length = buffer.remaining();
            readFully(buffer.array(), buffer.arrayOffset() + buffer.position(), length);
            buffer.position(buffer.limit());
        }

        @Override
        public void close() throws IOException {
            opened.close();
        }

        private void load(long number) throws IOException {
            if (number == blockNumber) {
                return;
            }
            blockNumber = -1;
            block.clear();
            block.limit((int) Math.min(BLOCK_BYTES, file.bytes() - number * BLOCK_BYTES));
            check(number, block);
            block.rewind();
            blockNumber = number;
        }

        /// Reads a block into a buffer of its length and checks it.
        private void check(long number, ByteBuffer target) throws IOException {
            int start = target.position();
            int length = target.remaining();
            int read = opened.read(target, number * BLOCK_BYTES);
            crc.reset();
            crc.update(target.array(), target.arrayOffset() + start, read);
            if (read != length || (int) crc.getValue() != file.checksums()[(int) number]) {
                throw new DamagedBlockException(
                        path + ": damaged at " + number * BLOCK_BYTES, number * BLOCK_BYTES);
            }
        }
    }
}
