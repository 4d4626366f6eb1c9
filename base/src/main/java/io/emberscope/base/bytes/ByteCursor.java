package io.emberscope.base.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// A forward reader over a range of a byte array that never reads outside that range.
///
/// Every read takes the name of the field it reads and fails with a [MalformedInputException] that
/// names it. Lengths are judged before anything is allocated for them. Numbers are little-endian
/// unless [#order(ByteOrder)] says otherwise. Not safe for use by several threads.
public final class ByteCursor {
    private static final VarHandle SHORT_LE = view(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT_BE = view(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT_LE = view(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_BE = view(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG_LE = view(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG_BE = view(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int VARINT_BYTES_MAX = 10;

    private final byte[] bytes;
    private final int start;
    private final int end;
    private int position;
    private boolean bigEndian;

    private ByteCursor(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.start = start;
        this.end = end;
        this.position = start;
    }

    /// A cursor over the whole array. The array is not copied and must not change.
    public static ByteCursor of(byte[] bytes) {
        return new ByteCursor(bytes, 0, bytes.length);
    }

    /// A cursor over `length` bytes from `offset`. The array is not copied and must not change.
    ///
    /// @throws IndexOutOfBoundsException if the range is not inside the array (our own mistake)
    public static ByteCursor of(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        return new ByteCursor(bytes, offset, offset + length);
    }

    /// Sets the byte order of the fixed-width reads that follow.
    public ByteCursor order(ByteOrder order) {
        bigEndian = order == ByteOrder.BIG_ENDIAN;
        return this;
    }

    /// Bytes read so far, counted from the start of the range.
    public int position() {
        return position - start;
    }

    /// Bytes left to read.
    public int remaining() {
        return end - position;
    }

    /// Whether bytes are left.
    public boolean hasRemaining() {
        return position < end;
    }

    /// Moves to a place counted from the start of the range.
    public void seek(long target, String field) throws MalformedInputException {
        if (target < 0 || target > end - start) {
            throw new MalformedInputException(
                    field + ": offset " + target + " (expected: 0.." + (end - start) + ")");
        }
        position = start + (int) target;
    }

    /// Passes over `count` bytes.
    public void skip(long count, String field) throws MalformedInputException {
        position += need(count, field);
    }

    /// The next byte, 0..255.
    public int u8(String field) throws MalformedInputException {
        need(1, field);
        return bytes[position++] & 0xff;
    }

    /// The next two bytes, 0..65535.
    public int u16(String field) throws MalformedInputException {
        need(Short.BYTES, field);
        short value = (short) (bigEndian ? SHORT_BE : SHORT_LE).get(bytes, position);
        position += Short.BYTES;
        return value & 0xffff;
    }

    /// The next four bytes as a signed number.
    public int i32(String field) throws MalformedInputException {
        need(Integer.BYTES, field);
        int value = (int) (bigEndian ? INT_BE : INT_LE).get(bytes, position);
        position += Integer.BYTES;
        return value;
    }

    /// The next four bytes as an unsigned number.
    public long u32(String field) throws MalformedInputException {
        return i32(field) & 0xffff_ffffL;
    }

    /// The next eight bytes; a caller that needs them unsigned treats the sign bit as a bit.
    public long i64(String field) throws MalformedInputException {
        need(Long.BYTES, field);
        long value = (long) (bigEndian ? LONG_BE : LONG_LE).get(bytes, position);
        position += Long.BYTES;
        return value;
    }

    /// An unsigned LEB128 number of at most ten bytes (protobuf's varint), as 64 bits.
    public long varint(String field) throws MalformedInputException {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX; i++) {
            int b = u8(field);
            value |= (long) (b & 0x7f) << (7 * i);
            if (b < 0x80) {
                return value;
            }
        }
        throw new MalformedInputException(field + ": varint (expected: at most 10 bytes)");
    }

    /// A number that [ByteWriter#zigzag] wrote.
    public long zigzag(String field) throws MalformedInputException {
        long value = varint(field);
        return (value >>> 1) ^ -(value & 1);
    }

    /// A text that [ByteWriter#text] wrote: its length as a varint, and its UTF-8.
    public String text(String field) throws MalformedInputException {
        return utf8(length(field), field);
    }

    /// A varint that says how many bytes follow; never more than are left.
    public int length(String field) throws MalformedInputException {
        long length = varint(field);
        if (length < 0 || length > remaining()) {
            throw new MalformedInputException(
                    field + ": length " + length + " (expected: at most " + remaining() + " left)");
        }
        return (int) length;
    }

    /// A varint within `0..max`.
    public int count(int max, String field) throws MalformedInputException {
        long count = varint(field);
        if (count < 0 || count > max) {
            throw new MalformedInputException(
                    field
                            + ": "
                            + Long.toUnsignedString(count)
                            + " (expected: at most "
                            + max
                            + ")");
        }
        return (int) count;
    }

    /// The next `length` bytes as a cursor of their own, which this one passes over.
    public ByteCursor slice(long length, String field) throws MalformedInputException {
        int checked = need(length, field);
        ByteCursor slice = new ByteCursor(bytes, position, position + checked);
        slice.bigEndian = bigEndian;
        position += checked;
        return slice;
    }

    /// A copy of the next `length` bytes.
    public byte[] bytes(long length, String field) throws MalformedInputException {
        int checked = need(length, field);
        byte[] copy = new byte[checked];
        System.arraycopy(bytes, position, copy, 0, checked);
        position += checked;
        return copy;
    }

    /// The next `length` bytes as UTF-8; what is not UTF-8 becomes U+FFFD.
    public String utf8(long length, String field) throws MalformedInputException {
        int checked = need(length, field);
        String text = new String(bytes, position, checked, StandardCharsets.UTF_8);
        position += checked;
        return text;
    }

    /// Text up to a zero byte, which is passed over, or up to the end of the range.
    ///
    /// @param bytesMax longest text accepted, without the zero byte
    public String cString(int bytesMax, String field) throws MalformedInputException {
        int searched = Math.max(0, Math.min(bytesMax, remaining()));
        for (int i = 0; i < searched; i++) {
            if (bytes[position + i] == 0) {
                return terminated(i, field);
            }
        }
        if (searched == remaining()) {
            return utf8(searched, field);
        }
        if (bytes[position + searched] == 0) {
            return terminated(searched, field);
        }
        throw new MalformedInputException(
                field + ": text (expected: at most " + bytesMax + " bytes)");
    }

    private String terminated(int length, String field) throws MalformedInputException {
        String text = utf8(length, field);
        position++;
        return text;
    }

    private int need(long count, String field) throws MalformedInputException {
        if (count < 0 || count > end - position) {
            throw new MalformedInputException(
                    field
                            + ": "
                            + count
                            + " bytes (expected: at most "
                            + (end - position)
                            + " left)");
        }
        return (int) count;
    }

    private static VarHandle view(Class<?> arrayType, ByteOrder order) {
        return MethodHandles.byteArrayViewVarHandle(arrayType, order);
    }
}
