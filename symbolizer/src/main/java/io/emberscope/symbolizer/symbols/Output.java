package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/// The file that is made, to which blocks are appended.
final class Output {
    private final DiskFile file;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(Spill.BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long written;

    Output(DiskFile file) {
        this.file = file;
    }

    /// Where the next byte will be.
    long position() {
        return written + buffer.position();
    }

    /// Appends a block and its checksum.
    ///
    /// @return bytes it takes
    int block(ByteWriter content) throws IOException {
        byte[] bytes = content.toBytes();
        int checksum = checksum(position(), bytes, 0, bytes.length);
        bytes(bytes);
        bytes(new ByteWriter(Integer.BYTES).i32(checksum).toBytes());
        return bytes.length + Layout.CHECKSUM_BYTES;
    }

    /// What bytes at a place in the file have as their checksum. The place is in it, so that what
    /// was written elsewhere is not believed.
    static int checksum(long position, byte[] bytes, int offset, int length) {
        CRC32C checksum = new CRC32C();
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            checksum.update((int) (position >>> shift));
        }
        checksum.update(bytes, offset, length);
        return (int) checksum.getValue();
    }

    void bytes(byte[] bytes) throws IOException {
        int done = 0;
        while (done < bytes.length) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            int now = Math.min(buffer.remaining(), bytes.length - done);
            buffer.put(bytes, done, now);
            done += now;
        }
    }

    /// Hands all to the file.
    void flush() throws IOException {
        written += buffer.flip().remaining();
        file.append(buffer);
        buffer.clear();
    }
}
