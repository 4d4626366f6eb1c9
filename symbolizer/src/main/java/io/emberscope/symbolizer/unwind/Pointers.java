package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;

/// Addresses as frame sections have them (Linux Standard Base, "DWARF Exception Header Encoding").
final class Pointers {
    static final int ABSOLUTE = 0x00;
    static final int OMITTED = 0xff;

    private static final int ULEB = 0x01;
    private static final int U16 = 0x02;
    private static final int U32 = 0x03;
    private static final int U64 = 0x04;
    private static final int SLEB = 0x09;
    private static final int S16 = 0x0a;
    private static final int S32 = 0x0b;
    private static final int S64 = 0x0c;
    private static final int FORM = 0x0f;
    private static final int BASE = 0x70;
    private static final int FROM_HERE = 0x10;
    private static final int FROM_DATA = 0x30;
    private static final int INDIRECT = 0x80;

    /// Reads one.
    ///
    /// @param data what data-relative ones are relative to
    static long read(FrameBytes bytes, int encoding, long data) throws MalformedInputException {
        long here = bytes.address();
        long value = number(bytes, encoding);
        if ((encoding & INDIRECT) != 0) {
            throw unknown(bytes, encoding);
        }
        return switch (encoding & BASE) {
            case ABSOLUTE -> value;
            case FROM_HERE -> value + here;
            case FROM_DATA -> value + data;
            default -> throw unknown(bytes, encoding);
        };
    }

    /// Reads what is encoded as an address but is a length, or to be passed over.
    static long number(FrameBytes bytes, int encoding) throws MalformedInputException {
        return switch (encoding & FORM) {
            case ABSOLUTE, U64, S64 -> bytes.i64();
            case ULEB -> bytes.uleb();
            case U16 -> bytes.u16();
            case U32 -> bytes.i32() & 0xffff_ffffL;
            case SLEB -> bytes.sleb();
            case S16 -> (short) bytes.u16();
            case S32 -> bytes.i32();
            default -> throw unknown(bytes, encoding);
        };
    }

    private static MalformedInputException unknown(FrameBytes bytes, int encoding) {
        return new MalformedInputException(
                bytes.name()
                        + ": pointer encoding 0x"
                        + Integer.toHexString(encoding)
                        + " (expected: a direct one, absolute or relative to here or the data)");
    }

    private Pointers() {}
}
