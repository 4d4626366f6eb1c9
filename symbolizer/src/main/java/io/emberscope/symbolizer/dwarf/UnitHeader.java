package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;

/// What a unit of `.debug_info` begins with.
///
/// @param offset where it begins
/// @param length of all of it, with this header
/// @param headerLength of this header
/// @param type one of the `DW_UT_` numbers; 1 before DWARF 5
/// @param abbrevOffset where its abbreviations are
/// @param addressBytes 4 or 8
/// @param offsetBytes 4 or 8: whether it is 32- or 64-bit DWARF
/// @param splitId links a skeleton with its split unit, or 0
record UnitHeader(
        long offset,
        long length,
        int headerLength,
        int version,
        int type,
        long abbrevOffset,
        int addressBytes,
        int offsetBytes,
        long splitId) {
    static final int COMPILE = 1;
    static final int TYPE = 2;
    static final int PARTIAL = 3;
    static final int SKELETON = 4;
    static final int SPLIT_COMPILE = 5;
    static final int SPLIT_TYPE = 6;

    private static final int BYTES_MAX = 40;
    private static final long WIDE = 0xffff_ffffL;
    private static final long RESERVED = 0xffff_fff0L;

    /// Where the next unit begins.
    long end() {
        return offset + length;
    }

    /// Where the unit that begins at a place ends.
    static long end(SectionView info, long offset) throws IOException {
        long length = info.unsigned(offset, Integer.BYTES);
        long body = offset + Integer.BYTES;
        if (length == WIDE) {
            length = info.unsigned(body, Long.BYTES);
            body += Long.BYTES;
        } else if (length >= RESERVED) {
            throw new MalformedInputException(
                    info.name()
                            + ": unit at "
                            + offset
                            + " has length 0x"
                            + Long.toHexString(length)
                            + " (expected: below 0xfffffff0)");
        }
        info.check(body, length);
        return body + length;
    }

    /// Reads the header at a place.
    ///
    /// @param cursor to read with; afterwards right behind the header
    static UnitHeader read(SectionView info, long offset, Cursor cursor) throws IOException {
        long end = end(info, offset);
        cursor.load(info, offset, (int) Math.min(BYTES_MAX, end - offset));
        boolean wide = cursor.u4() == WIDE;
        if (wide) {
            cursor.u8();
        }
        int offsetBytes = wide ? Long.BYTES : Integer.BYTES;
        int version = cursor.u2();
        cursor.check();
        if (version < 2 || version > 5) {
            throw new MalformedInputException(
                    info.name() + ": version " + version + " (expected: 2 to 5)");
        }
        int type = COMPILE;
        int addressBytes;
        long abbrevOffset;
        if (version == 5) {
            type = cursor.u1();
            addressBytes = cursor.u1();
            abbrevOffset = cursor.unsigned(offsetBytes);
        } else {
            abbrevOffset = cursor.unsigned(offsetBytes);
            addressBytes = cursor.u1();
        }
        long splitId = type == SKELETON || type == SPLIT_COMPILE ? cursor.u8() : 0;
        if (type == TYPE || type == SPLIT_TYPE) {
            cursor.u8();
            cursor.unsigned(offsetBytes);
        }
        cursor.check();
        if (addressBytes != Integer.BYTES && addressBytes != Long.BYTES) {
            throw new MalformedInputException(
                    info.name() + ": addresses of " + addressBytes + " bytes (expected: 4 or 8)");
        }
        return new UnitHeader(
                offset,
                end - offset,
                cursor.position,
                version,
                type,
                abbrevOffset,
                addressBytes,
                offsetBytes,
                splitId);
    }
}
