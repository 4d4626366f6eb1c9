package io.emberscope.storage.wal;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// What one record of the log says: a batch, whose it is, and its id if it has one.
///
/// @param tenant who owns the batch
/// @param id names the batch, or null
/// @param batch the batch
public record WalEntry(TenantId tenant, @Nullable BatchId id, ProfileBatch batch) {
    /// Largest body that is written or read, compressed or not.
    public static final int BODY_BYTES_MAX = 128 << 20;

    private static final int ZSTD_LEVEL = 1;
    private static final int COMPRESSED_FROM_BYTES = 256;

    /// An entry as the body of a record, ready to be written under any sequence number.
    ///
    /// @param bytes the body, compressed if that makes it smaller by an eighth or more
    /// @param rawLength length before compression, or 0 if it is not compressed
    /// @param crc CRC32C of `bytes`
    public record Encoded(byte[] bytes, int rawLength, int crc) {
        /// Length of the body before compression.
        public int plainLength() {
            return rawLength == 0 ? bytes.length : rawLength;
        }
    }

    /// The entry as the body of a record.
    public Encoded encode() {
        ByteWriter plain = new ByteWriter(1 << 14);
        plain.text(tenant.value());
        plain.text(id == null ? "" : id.agent());
        if (id != null) {
            plain.i64(id.epoch()).i64(id.sequence());
        }
        byte[] raw = plain.bytes(BatchEncoder.encode(batch)).toBytes();
        if (raw.length >= COMPRESSED_FROM_BYTES) {
            byte[] compressed = Zstd.compress(raw, ZSTD_LEVEL);
            if (compressed.length <= raw.length - raw.length / 8) {
                return new Encoded(compressed, raw.length, crc(compressed));
            }
        }
        return new Encoded(raw, 0, crc(raw));
    }

    /// Reads the body of a record whose checksum was right.
    ///
    /// @param rawLength length before compression, or 0 if it is not compressed
    /// @param version of the file
    static WalEntry decode(byte[] body, int rawLength, int version) throws MalformedInputException {
        ByteCursor cursor = ByteCursor.of(rawLength == 0 ? body : decompressed(body, rawLength));
        TenantId tenant;
        try {
            tenant = new TenantId(cursor.text("tenant"));
        } catch (IllegalArgumentException e) {
            throw new MalformedInputException("tenant: malformed (expected: a tenant id)", e);
        }
        String agent = cursor.text("agent");
        BatchId id =
                agent.isEmpty()
                        ? null
                        : new BatchId(agent, cursor.i64("epoch"), cursor.i64("sequence"));
        return new WalEntry(tenant, id, BatchDecoder.decode(cursor, version));
    }

    static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static byte[] decompressed(byte[] body, int rawLength) throws MalformedInputException {
        if (rawLength < 0 || rawLength > BODY_BYTES_MAX) {
            throw new MalformedInputException(
                    "body: "
                            + Integer.toUnsignedLong(rawLength)
                            + " bytes (expected: at most "
                            + BODY_BYTES_MAX
                            + ")");
        }
        // The frame says how long its content is; that is judged before memory is taken for it.
        long stated = Zstd.getFrameContentSize(body);
        if (stated != rawLength) {
            throw new MalformedInputException(
                    "body: zstd content of " + stated + " bytes (expected: " + rawLength + ")");
        }
        byte[] raw = new byte[rawLength];
        try {
            long length = Zstd.decompress(raw, body);
            if (Zstd.isError(length) || length != rawLength) {
                throw new MalformedInputException("body: damaged zstd (expected: whole)");
            }
            return raw;
        } catch (ZstdException e) {
            throw new MalformedInputException("body: damaged zstd (expected: whole)", e);
        }
    }
}
