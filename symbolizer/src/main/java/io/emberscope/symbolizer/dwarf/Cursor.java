package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Reads from a copy of a part of a section. For speed, reads of a few bytes are not checked one by
/// one: they may run over the end, into bytes that belong to nothing, by less than [#SLACK_BYTES];
/// whoever reads asks [#check] before so many were read. Whatever has a length checks itself.
///
/// Fields are open to the loops of this package that need their speed.
final class Cursor {
    /// Bytes behind the end that may be read by mistake.
    static final int SLACK_BYTES = 64;

    private static final int LEB_BYTES_MAX = 10;

    private static final VarHandle SHORT_LE = view(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT_BE = view(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT_LE = view(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_BE = view(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG_LE = view(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG_BE = view(long[].class, ByteOrder.BIG_ENDIAN);

    byte[] bytes = new byte[SLACK_BYTES];
    int position;
    int end;
    private String name = "";
    private boolean bigEndian;

    private static VarHandle view(Class<?> arrayType, ByteOrder order) {
        return MethodHandles.byteArrayViewVarHandle(arrayType, order);
    }

    /// Copies a part of a section and goes to its beginning.
    void load(SectionView section, long at, int length) throws IOException {
        int room = length + SLACK_BYTES;
        if (bytes.length < room) {
            bytes = new byte[Math.max(room, Math.min(bytes.length * 2, room + (room >> 1)))];
        }
        end = 0; // if reading fails, nothing is there
        position = 0;
        name = section.name();
        bigEndian = section.isBigEndian();
        section.copy(at, bytes, length);
        end = length;
    }

    /// Lets go of an array that is much larger than usual.
    void shrink(int bytesMax) {
        if (bytes.length > bytesMax) {
            bytes = new byte[SLACK_BYTES];
            position = 0;
            end = 0;
        }
    }

    /// The section's name, for errors.
    String name() {
        return name;
    }

    /// Fails if anything was read that is not there.
    void check() throws MalformedInputException {
        if (position > end) {
            throw new MalformedInputException(
                    name + ": cut off at " + position + " (expected: to end at " + end + ")");
        }
    }

    int u1() {
        return bytes[position++] & 0xff;
    }

    int u2() {
        short value = (short) (bigEndian ? SHORT_BE : SHORT_LE).get(bytes, position);
        position += Short.BYTES;
        return value & 0xffff;
    }

    int u3() {
        int first = u1();
        int second = u1();
        int third = u1();
        return bigEndian ? first << 16 | second << 8 | third : third << 16 | second << 8 | first;
    }

    long u4() {
        int value = (int) (bigEndian ? INT_BE : INT_LE).get(bytes, position);
        position += Integer.BYTES;
        return value & 0xffff_ffffL;
    }

    long u8() {
        long value = (long) (bigEndian ? LONG_BE : LONG_LE).get(bytes, position);
        position += Long.BYTES;
        return value;
    }

    /// A number of so many bytes.
    ///
    /// @param width 1, 2, 3, 4 or 8
    long unsigned(int width) {
        return switch (width) {
            case 1 -> u1();
            case 2 -> u2();
            case 3 -> u3();
            case 4 -> u4();
            default -> u8();
        };
    }

    /// Passes over so many bytes.
    void skip(long count) throws MalformedInputException {
        if (count < 0 || count > end - position) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(count)
                            + " bytes at "
                            + position
                            + " (expected: to end at "
                            + end
                            + ")");
        }
        position += (int) count;
    }

    long uleb() throws MalformedInputException {
        byte first = bytes[position];
        if (first >= 0) {
            position++;
            return first;
        }
        return longUleb();
    }

    private long longUleb() throws MalformedInputException {
        long value = 0;
        for (int i = 0; i < LEB_BYTES_MAX; i++) {
            byte b = bytes[position++];
            value |= (b & 0x7fL) << (7 * i);
            if (b >= 0) {
                return value;
            }
        }
        throw tooLong();
    }

    long sleb() throws MalformedInputException {
        long value = 0;
        for (int i = 0; i < LEB_BYTES_MAX; i++) {
            byte b = bytes[position++];
            value |= (b & 0x7fL) << (7 * i);
            if (b >= 0) {
                int shift = Long.SIZE - 7 * (i + 1);
                return shift > 0 ? value << shift >> shift : value;
            }
        }
        throw tooLong();
    }

    private MalformedInputException tooLong() {
        return new MalformedInputException(
                name
                        + ": number that ends at "
                        + position
                        + " (expected: at most "
                        + LEB_BYTES_MAX
                        + " bytes)");
    }

    /// Passes over a text and the zero byte that ends it.
    void skipText() throws MalformedInputException {
        int at = position;
        while (at < end && bytes[at] != 0) {
            at++;
        }
        if (at >= end) {
            throw new MalformedInputException(
                    name + ": text at " + position + " (expected: a zero byte before the end)");
        }
        position = at + 1;
    }

    /// How long the text is that begins at `from`.
    int textLength(int from) {
        int at = from;
        while (at < end && bytes[at] != 0) {
            at++;
        }
        return at - from;
    }
}
