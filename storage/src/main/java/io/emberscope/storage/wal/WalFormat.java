package io.emberscope.storage.wal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The fixed parts of a log file; `docs/formats/wal.md` has them as tables.
final class WalFormat {
    /// The version that is written, and the newest that is read. Version 1 has no addresses.
    static final int VERSION = 2;

    static final int OLDEST_VERSION = 1;

    /// The file header is there twice, so that one damaged byte does not cost the file.
    static final int FILE_HEADER_COPY_BYTES = 32;

    static final int FILE_HEADER_BYTES = 2 * FILE_HEADER_COPY_BYTES;
    static final int RECORD_HEADER_BYTES = 28;

    /// First bytes of each record, `WALR`: where to look for a record after damage.
    static final int MARK = 0x524c_4157;

    private static final long MAGIC = 0x0a4c_4157_424d_4589L;

    private WalFormat() {}

    /// @param salt a secret of the file, without which nobody can make bytes that look like a
    ///   record header: profiles hold texts of strangers
    static ByteBuffer fileHeader(long salt) {
        ByteBuffer header = buffer(FILE_HEADER_BYTES);
        for (int copy = 0; copy < 2; copy++) {
            int start = copy * FILE_HEADER_COPY_BYTES;
            header.putLong(start, MAGIC);
            header.putInt(start + 8, VERSION);
            header.putLong(start + 16, salt);
            header.putInt(start + 28, crc(header, start, 28, 0, 0));
        }
        return header;
    }

    /// What a file header says; null if neither copy is whole.
    static @Nullable FileHeader parseFileHeader(ByteBuffer header) {
        for (int copy = 0; copy < 2; copy++) {
            int start = copy * FILE_HEADER_COPY_BYTES;
            if (header.limit() >= start + FILE_HEADER_COPY_BYTES
                    && header.getLong(start) == MAGIC
                    && header.getInt(start + 28) == crc(header, start, 28, 0, 0)) {
                return new FileHeader(header.getInt(start + 8), header.getLong(start + 16));
            }
        }
        return null;
    }

    /// @param offset where in the file the record begins; a header counts only there, so that a
    ///   write that went to the wrong place is not believed
    static void putRecordHeader(
            ByteBuffer target, long salt, long offset, long sequence, WalEntry.Encoded entry) {
        int start = target.position();
        target.putInt(MARK);
        target.putInt(entry.bytes().length);
        target.putLong(sequence);
        target.putInt(entry.crc());
        target.putInt(entry.rawLength());
        target.putInt(crc(target, start, 24, salt, offset));
    }

    /// What the record header at a place of a buffer says; null if there is none.
    ///
    /// @param offset that place in the file
    static @Nullable RecordHeader parseRecordHeader(
            ByteBuffer bytes, int start, long salt, long offset) {
        if (bytes.limit() - start < RECORD_HEADER_BYTES
                || bytes.getInt(start) != MARK
                || bytes.getInt(start + 24) != crc(bytes, start, 24, salt, offset)) {
            return null;
        }
        int length = bytes.getInt(start + 4);
        if (length < 0 || length > WalEntry.BODY_BYTES_MAX) {
            return null;
        }
        return new RecordHeader(
                length,
                bytes.getLong(start + 8),
                bytes.getInt(start + 16),
                bytes.getInt(start + 20));
    }

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(ByteBuffer bytes, int start, int length, long salt, long offset) {
        CRC32C crc = new CRC32C();
        crc.update(buffer(2 * Long.BYTES).putLong(0, salt).putLong(Long.BYTES, offset));
        crc.update(bytes.array(), bytes.arrayOffset() + start, length);
        return (int) crc.getValue();
    }

    record FileHeader(int version, long salt) {}

    record RecordHeader(int length, long sequence, int crc, int rawLength) {}
}
