package io.emberscope.storage.segment;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Small files with a magic number and a version in front and a CRC32C of all of it behind.
final class Checked {
    private Checked() {}

    /// What was written, with its checksum.
    static byte[] seal(ByteWriter out) {
        return out.i32(crc(out.toBytes())).toBytes();
    }

    /// What a file holds.
    ///
    /// @param version of the file
    /// @param content what is behind the version
    record Opened(int version, ByteCursor content) {}

    /// Opens a file whose checksum is right.
    ///
    /// @param newest the newest version that can be read, as all before it can
    static Opened open(byte[] bytes, long magic, int newest, String name)
            throws MalformedInputException, UnknownVersionException {
        int length = bytes.length - Integer.BYTES;
        if (length < Long.BYTES + Integer.BYTES) {
            throw new MalformedInputException(
                    name + ": " + bytes.length + " bytes (expected: more)");
        }
        int stored = ByteCursor.of(bytes, length, Integer.BYTES).i32("checksum");
        if (stored != crc(Arrays.copyOf(bytes, length))) {
            throw new MalformedInputException(name + ": damaged (expected: its checksum)");
        }
        ByteCursor in = ByteCursor.of(bytes, 0, length);
        if (in.i64("magic") != magic) {
            throw new MalformedInputException(
                    name + ": another kind of file (expected: its magic number)");
        }
        int found = in.i32("version");
        if (found < 1 || found > newest) {
            throw new UnknownVersionException(
                    name
                            + ": version "
                            + found
                            + " (expected: at most "
                            + newest
                            + "; a newer Emberscope wrote it)");
        }
        return new Opened(found, in);
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
