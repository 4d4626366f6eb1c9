package io.emberscope.collector.export;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The layout of one spooled batch in its file, little-endian: the text `EMBSPL1\n`, CRC-32C of all
/// that follows (u32), length of the body (u32), samples (u64), nanoseconds (u64), length of the
/// batch id (u16), batch id, body.
final class SpoolFile {
    static final String SUFFIX = ".batch";

    private static final byte[] MAGIC = "EMBSPL1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int CHECKED_FROM = MAGIC.length + Integer.BYTES;
    private static final int ID_LENGTH_MAX = 128;
    private static final int NAME_DIGITS = 18;

    /// Bytes that hold the header of any file.
    static final int HEADER_BYTES_MAX =
            CHECKED_FROM + Integer.BYTES + 2 * Long.BYTES + Short.BYTES + ID_LENGTH_MAX;

    /// What a file says before its body.
    record Header(BatchId id, int bodyOffset, int bodyLength, long samples, long nanos) {}

    private SpoolFile() {}

    /// The name under which files sort in the order in which their batches were made.
    static String name(BatchId id) {
        return padded(id.epoch()) + '-' + padded(id.sequence()) + SUFFIX;
    }

    static byte[] encode(BatchId id, byte[] body, long samples, long nanos) {
        byte[] idBytes = id.toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out =
                ByteBuffer.allocate(HEADER_BYTES_MAX - ID_LENGTH_MAX + idBytes.length + body.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(0).putInt(body.length).putLong(samples).putLong(nanos);
        out.putShort((short) idBytes.length).put(idBytes).put(body);
        out.putInt(MAGIC.length, checksum(out.array()));
        return out.array();
    }

    /// Reads the header from the start of a file, without looking at the checksum.
    static Header header(byte[] start) throws MalformedInputException {
        ByteCursor cursor = ByteCursor.of(start);
        byte[] magic = cursor.bytes(MAGIC.length, "spool.magic");
        if (!Arrays.equals(magic, MAGIC)) {
            throw new MalformedInputException("spool.magic: (expected: EMBSPL1)");
        }
        cursor.skip(Integer.BYTES, "spool.checksum");
        int bodyLength = cursor.i32("spool.body_length");
        long samples = cursor.i64("spool.samples");
        long nanos = cursor.i64("spool.nanos");
        int idLength = cursor.u16("spool.id_length");
        if (bodyLength < 0 || samples < 0 || nanos < 0 || idLength > ID_LENGTH_MAX) {
            throw new MalformedInputException("spool: negative number (expected: 0 or more)");
        }
        BatchId id = BatchId.parse(cursor.utf8(idLength, "spool.id"));
        return new Header(id, cursor.position(), bodyLength, samples, nanos);
    }

    /// The body of a whole file, or null if the file is not what was once written.
    static byte @Nullable [] body(byte[] file) {
        try {
            Header header = header(file);
            int stored = ByteCursor.of(file, MAGIC.length, Integer.BYTES).i32("spool.checksum");
            boolean whole =
                    file.length == header.bodyOffset + header.bodyLength
                            && stored == checksum(file);
            return whole ? Arrays.copyOfRange(file, header.bodyOffset, file.length) : null;
        } catch (MalformedInputException _) {
            return null;
        }
    }

    static boolean isSpoolFile(Path path) {
        Path name = path.getFileName();
        return name != null && name.toString().endsWith(SUFFIX);
    }

    private static int checksum(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, CHECKED_FROM, file.length - CHECKED_FROM);
        return (int) crc.getValue();
    }

    private static String padded(long number) {
        String digits = Long.toString(number);
        return "0".repeat(Math.max(0, NAME_DIGITS - digits.length())) + digits;
    }
}
