package io.emberscope.server.ingest;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.Refusal;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Reads the gzip format (RFC 1952) strictly: every byte belongs to a member, and each member's
/// checksum and length are compared. The JDK's stream ignores what follows a member when it does
/// not look like another, and so takes a damaged body for a whole one.
final class Gzip {
    private static final int MAGIC = 0x8b1f;
    private static final int DEFLATE = 8;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xe0;
    private static final int TEXT_BYTES_MAX = 4096;

    private Gzip() {}

    static void decode(byte[] wire, BoundedOutput out)
            throws IOException, OverCapacityException, Refusal {
        ByteCursor cursor = ByteCursor.of(wire).order(ByteOrder.LITTLE_ENDIAN);
        Inflater inflater = new Inflater(true);
        try {
            do {
                header(cursor);
                member(wire, cursor, inflater, out);
                inflater.reset();
            } while (cursor.hasRemaining());
        } finally {
            inflater.end();
        }
    }

    private static void header(ByteCursor cursor) throws MalformedInputException {
        int magic = cursor.u16("body: gzip header");
        if (magic != MAGIC) {
            throw new MalformedInputException("body: not gzip (expected: it begins with 1f 8b)");
        }
        int method = cursor.u8("body: gzip method");
        int flags = cursor.u8("body: gzip flags");
        if (method != DEFLATE || (flags & RESERVED) != 0) {
            throw new MalformedInputException(
                    "body: gzip method " + method + ", flags " + flags + " (expected: deflate)");
        }
        cursor.skip(6, "body: gzip header");
        if ((flags & EXTRA) != 0) {
            cursor.skip(cursor.u16("body: gzip extra"), "body: gzip extra");
        }
        if ((flags & NAME) != 0) {
            cursor.cString(TEXT_BYTES_MAX, "body: gzip name");
        }
        if ((flags & COMMENT) != 0) {
            cursor.cString(TEXT_BYTES_MAX, "body: gzip comment");
        }
        if ((flags & HEADER_CRC) != 0) {
            cursor.skip(2, "body: gzip header checksum");
        }
    }

    private static void member(byte[] wire, ByteCursor cursor, Inflater inflater, BoundedOutput out)
            throws IOException, OverCapacityException, Refusal {
        CRC32 crc = new CRC32();
        long before = out.size();
        inflater.setInput(wire, cursor.position(), cursor.remaining());
        while (!inflater.finished()) {
            int count = out.readOnce((target, at, length) -> inflate(inflater, target, at, length));
            out.eachLast(count, crc);
            if (count == 0 && !inflater.finished()) {
                throw new MalformedInputException("body: gzip is cut off (expected: whole)");
            }
        }
        cursor.skip(cursor.remaining() - inflater.getRemaining(), "body: gzip data");
        if (cursor.u32("body: gzip checksum") != crc.getValue()) {
            throw new MalformedInputException("body: gzip checksum differs (expected: undamaged)");
        }
        if (cursor.u32("body: gzip length") != ((out.size() - before) & 0xffff_ffffL)) {
            throw new MalformedInputException("body: gzip length differs (expected: undamaged)");
        }
    }

    private static int inflate(Inflater inflater, byte[] target, int offset, int length)
            throws MalformedInputException {
        try {
            return inflater.inflate(target, offset, length);
        } catch (DataFormatException e) {
            throw new MalformedInputException(
                    "body: damaged gzip: " + e.getMessage() + " (expected: undamaged)", e);
        }
    }
}
