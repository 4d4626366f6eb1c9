package io.emberscope.base.bytes;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A growing array of bytes to write to: the counterpart of [ByteCursor]. Fixed-width numbers are
/// little-endian. Not safe for use by several threads.
public final class ByteWriter {
    private static final int SIZE_MAX = Integer.MAX_VALUE - 8;
    private static final int VARINT_BYTES_MAX = 10;

    private byte[] bytes;
    private int size;

    /// An empty writer.
    public ByteWriter() {
        this(1024);
    }

    /// An empty writer with room for that many bytes before it has to grow.
    public ByteWriter(int capacity) {
        bytes = new byte[Math.max(16, capacity)];
    }

    /// Number of bytes written.
    public int size() {
        return size;
    }

    /// Writes one byte, the lowest eight bits of the value.
    public ByteWriter u8(int value) {
        room(1);
        bytes[size++] = (byte) value;
        return this;
    }

    /// Writes four bytes.
    public ByteWriter i32(int value) {
        room(Integer.BYTES);
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            bytes[size++] = (byte) (value >>> shift);
        }
        return this;
    }

    /// Writes eight bytes.
    public ByteWriter i64(long value) {
        room(Long.BYTES);
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            bytes[size++] = (byte) (value >>> shift);
        }
        return this;
    }

    /// Writes an unsigned LEB128 number; a negative value takes ten bytes, as in protobuf.
    public ByteWriter varint(long value) {
        room(VARINT_BYTES_MAX);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
        return this;
    }

    /// Writes a signed number so that small ones of either sign are short.
    public ByteWriter zigzag(long value) {
        return varint((value << 1) ^ (value >> 63));
    }

    /// Writes all that another writer holds.
    public ByteWriter bytes(ByteWriter other) {
        room(other.size);
        System.arraycopy(other.bytes, 0, bytes, size, other.size);
        size += other.size;
        return this;
    }

    /// Writes the bytes as they are.
    public ByteWriter bytes(byte[] source) {
        room(source.length);
        System.arraycopy(source, 0, bytes, size, source.length);
        size += source.length;
        return this;
    }

    /// Writes a text as the length of its UTF-8 form (a varint) and that form.
    public ByteWriter text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return varint(utf8.length).bytes(utf8);
    }

    /// Puts the number of bytes written after `position` (as a varint) in front of them: for a
    /// length that is known only once its content is written.
    ///
    /// @throws IndexOutOfBoundsException if that many bytes have not been written
    public ByteWriter prefixLengthFrom(int position) {
        int length = size - java.util.Objects.checkIndex(position, size + 1);
        int width = varintSize(length);
        room(width);
        System.arraycopy(bytes, position, bytes, position + width, length);
        size = position;
        varint(length);
        size += length;
        return this;
    }

    /// A copy of what was written.
    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private static int varintSize(int value) {
        return value == 0 ? 1 : (Integer.SIZE - Integer.numberOfLeadingZeros(value) + 6) / 7;
    }

    private void room(int more) {
        if (bytes.length - size >= more) {
            return;
        }
        long needed = (long) size + more;
        if (needed > SIZE_MAX) {
            throw new IllegalStateException(
                    "bytes written: " + needed + " (expected: at most " + SIZE_MAX + ")");
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(SIZE_MAX, Math.max(needed, size * 2L)));
    }
}
