package io.emberscope.profile.protobuf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;

/// Reads one protobuf message, field by field, from a range of a byte array.
///
/// [#next] goes to the next field; then exactly one of the reading methods or [#skip] takes its
/// value. A reading method refuses a wire type that its field cannot have: where protobuf would
/// take such a field for an unknown one and drop it, the sender most likely speaks another version,
/// and dropping would lose data silently. Groups are refused too; nothing has used them for long.
/// Embedded messages are readers of their own, so the depth is that of the code that reads.
public final class WireReader {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int DELIMITED = 2;
    static final int FIXED32 = 5;

    private static final int FIELD_MAX = (1 << 29) - 1;

    private final byte[] bytes;
    private final int base;
    private final ByteCursor cursor;
    private int field;
    private int wireType;

    private WireReader(byte[] bytes, int base, int length) {
        this.bytes = bytes;
        this.base = base;
        this.cursor = ByteCursor.of(bytes, base, length);
    }

    /// A reader of the message that is the whole array. The array must not change.
    public static WireReader of(byte[] bytes) {
        return new WireReader(bytes, 0, bytes.length);
    }

    /// A reader of the message that is a part of the array. The array must not change.
    ///
    /// @throws IndexOutOfBoundsException if the range is not inside the array (our own mistake)
    public static WireReader of(byte[] bytes, int offset, int length) {
        return new WireReader(bytes, offset, length);
    }

    /// Goes to the next field; false at the end of the message.
    public boolean next() throws MalformedInputException {
        if (!cursor.hasRemaining()) {
            return false;
        }
        long tag = cursor.varint("tag");
        long number = tag >>> 3;
        wireType = (int) tag & 7;
        if (number == 0 || number > FIELD_MAX) {
            throw new MalformedInputException(
                    "field number: "
                            + Long.toUnsignedString(number)
                            + " (expected: 1.."
                            + FIELD_MAX
                            + ")");
        }
        field = (int) number;
        if (wireType > DELIMITED && wireType != FIXED32) {
            throw new MalformedInputException(
                    "field " + field + ": wire type " + wireType + " (expected: 0, 1, 2 or 5)");
        }
        return true;
    }

    /// The number of the field at hand.
    public int field() {
        return field;
    }

    /// An integer field as 64 bits.
    public long varint(String name) throws MalformedInputException {
        expect(VARINT, name);
        return cursor.varint(name);
    }

    /// An integer field that must not be negative: a count, a size, a time.
    public long unsigned(String name) throws MalformedInputException {
        return notNegative(varint(name), name);
    }

    /// A `fixed64` field that must not be negative as a signed number.
    public long fixed64(String name) throws MalformedInputException {
        expect(FIXED64, name);
        return notNegative(cursor.i64(name), name);
    }

    /// An embedded message.
    public WireReader message(String name) throws MalformedInputException {
        expect(DELIMITED, name);
        int length = cursor.length(name);
        int start = base + cursor.position();
        cursor.skip(length, name);
        return new WireReader(bytes, start, length);
    }

    /// A `string` field of at most so many bytes of UTF-8; what is not UTF-8 becomes U+FFFD.
    public String text(int bytesMax, String name) throws MalformedInputException {
        expect(DELIMITED, name);
        int length = cursor.length(name);
        int start = base + cursor.position();
        cursor.skip(length, name);
        return Utf8.read(bytes, start, length, bytesMax, name);
    }

    /// The elements of a `repeated` integer field that this occurrence holds: several if it is
    /// packed, or one.
    public void varints(LongTaker taker, String name) throws MalformedInputException {
        if (wireType == VARINT) {
            taker.take(cursor.varint(name));
            return;
        }
        expect(DELIMITED, name);
        ByteCursor packed = cursor.slice(cursor.length(name), name);
        while (packed.hasRemaining()) {
            taker.take(packed.varint(name));
        }
    }

    /// The elements of a `repeated fixed64` field that this occurrence holds.
    public void fixed64s(LongTaker taker, String name) throws MalformedInputException {
        if (wireType == FIXED64) {
            taker.take(cursor.i64(name));
            return;
        }
        expect(DELIMITED, name);
        ByteCursor packed = cursor.slice(cursor.length(name), name);
        while (packed.hasRemaining()) {
            taker.take(packed.i64(name));
        }
    }

    /// Passes over the value of the field at hand.
    public void skip() throws MalformedInputException {
        switch (wireType) {
            case VARINT -> cursor.varint("field " + field);
            case FIXED64 -> cursor.skip(Long.BYTES, "field " + field);
            case FIXED32 -> cursor.skip(Integer.BYTES, "field " + field);
            default -> cursor.skip(cursor.length("field " + field), "field " + field);
        }
    }

    /// Where the rest of the message starts in the array.
    public int offset() {
        return base + cursor.position();
    }

    /// Bytes from [#offset] to the end of the message.
    public int remaining() {
        return cursor.remaining();
    }

    private void expect(int wanted, String name) throws MalformedInputException {
        if (wireType != wanted) {
            throw new MalformedInputException(
                    name + ": wire type " + wireType + " (expected: " + wanted + ")");
        }
    }

    private static long notNegative(long value, String name) throws MalformedInputException {
        if (value < 0) {
            throw new MalformedInputException(
                    name + ": " + value + " (expected: 0.." + Long.MAX_VALUE + ")");
        }
        return value;
    }

    /// Takes the elements of a `repeated` field one by one.
    @FunctionalInterface
    public interface LongTaker {
        /// Takes the next element.
        void take(long value) throws MalformedInputException;
    }
}
