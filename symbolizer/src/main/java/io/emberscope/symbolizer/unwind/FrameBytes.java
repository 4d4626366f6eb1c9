package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Reads entries of a frame section, one at a time, through a buffer: an entry is brought in whole,
/// and nothing is read beyond its end.
final class FrameBytes {
    /// Longest entry: a function with hundreds of thousands of rows.
    static final int ENTRY_BYTES_MAX = 1 << 20;

    private static final int BUFFER_BYTES = 64 * 1024;

    /// Read at once after a jump, which is more than most entries have. Twice as much is read each
    /// time that it goes on from there: where a linker, or BOLT, put functions in another order
    /// than their entries, whole buffers would make a section of 8 MB be read a thousand times.
    private static final int JUMP_BYTES = 512;

    private static final int LEB_BYTES_MAX = 10;
    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteSource source;
    private final String name;
    private final long offset;
    private final long size;
    private final long address;
    private final BuildMemory memory;
    private byte[] buffer;
    private long bufferStart;
    private int bufferLength;
    private int window;
    private int at;
    private int limit;

    /// @param name of the section, for errors
    /// @param offset of the section in the source
    /// @param size of the section
    /// @param address of the section in memory
    /// @throws MalformedInputException if the section is not inside the source
    FrameBytes(
            ByteSource source,
            String name,
            long offset,
            long size,
            long address,
            BuildMemory memory)
            throws IOException {
        this(source, name, offset, size, address, memory, BUFFER_BYTES);
    }

    /// @param bufferBytes read at once: few, if entries are not entered in the order of their
    ///   places
    FrameBytes(
            ByteSource source,
            String name,
            long offset,
            long size,
            long address,
            BuildMemory memory,
            int bufferBytes)
            throws IOException {
        if (offset < 0 || size < 0 || size > source.size() || offset > source.size() - size) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(size)
                            + " bytes at "
                            + Long.toUnsignedString(offset)
                            + " (expected: within the file's "
                            + source.size()
                            + " bytes)");
        }
        this.source = source;
        this.name = name;
        this.offset = offset;
        this.size = size;
        this.address = address;
        this.memory = memory;
        this.buffer = memory.resized(new byte[0], bufferBytes);
        this.window = bufferBytes;
    }

    String name() {
        return name;
    }

    long size() {
        return size;
    }

    /// Brings a part of the section in and moves to its start.
    ///
    /// @param position in the section
    void enter(long position, long length) throws IOException {
        if (position < 0 || length < 0 || length > ENTRY_BYTES_MAX || position > size - length) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(length)
                            + " bytes at "
                            + Long.toUnsignedString(position)
                            + " (expected: within "
                            + size
                            + " bytes, at most "
                            + ENTRY_BYTES_MAX
                            + " at once)");
        }
        long into = position - bufferStart;
        if (into < 0 || into + length > bufferLength) {
            fill(position, (int) length);
            into = 0;
        }
        at = (int) into;
        limit = at + (int) length;
    }

    private void fill(long position, int length) throws IOException {
        if (length > buffer.length) {
            buffer = memory.resized(buffer, length);
        }
        boolean goesOn = position >= bufferStart && position - bufferStart <= bufferLength;
        window = goesOn ? Math.min(buffer.length, 2 * window) : JUMP_BYTES;
        int room = Math.min(buffer.length, Math.max(window, length));
        int wanted = (int) Math.min(room, size - position);
        bufferStart = position;
        bufferLength = 0;
        while (bufferLength < wanted) {
            int count =
                    source.read(
                            offset + position + bufferLength,
                            buffer,
                            bufferLength,
                            wanted - bufferLength);
            if (count <= 0) {
                break;
            }
            bufferLength += count;
        }
        if (bufferLength < length) {
            bufferLength = 0;
            throw new MalformedInputException(
                    name + ": the file ended (expected: " + size + " bytes of this section)");
        }
    }

    /// Where the next byte is, in the section.
    long position() {
        return bufferStart + at;
    }

    /// Where the next byte is in memory.
    long address() {
        return address + position();
    }

    boolean hasRemaining() {
        return at < limit;
    }

    int remaining() {
        return limit - at;
    }

    void skip(long count) throws MalformedInputException {
        at += need(count);
    }

    int u8() throws MalformedInputException {
        if (at >= limit) {
            throw tooShort(1);
        }
        return buffer[at++] & 0xff;
    }

    int u16() throws MalformedInputException {
        need(Short.BYTES);
        int value = (short) SHORT.get(buffer, at) & 0xffff;
        at += Short.BYTES;
        return value;
    }

    int i32() throws MalformedInputException {
        need(Integer.BYTES);
        int value = (int) INT.get(buffer, at);
        at += Integer.BYTES;
        return value;
    }

    long i64() throws MalformedInputException {
        need(Long.BYTES);
        long value = (long) LONG.get(buffer, at);
        at += Long.BYTES;
        return value;
    }

    long uleb() throws MalformedInputException {
        long value = u8();
        if (value < 0x80) {
            return value;
        }
        value &= 0x7f;
        for (int i = 1; i < LEB_BYTES_MAX; i++) {
            int b = u8();
            value |= (long) (b & 0x7f) << (7 * i);
            if (b < 0x80) {
                return value;
            }
        }
        throw new MalformedInputException(name + ": number (expected: at most 10 bytes)");
    }

    long sleb() throws MalformedInputException {
        long value = 0;
        for (int i = 0; i < LEB_BYTES_MAX; i++) {
            int b = u8();
            value |= (long) (b & 0x7f) << (7 * i);
            if (b < 0x80) {
                int unused = Long.SIZE - 7 * (i + 1);
                return unused > 0 ? (value << unused) >> unused : value;
            }
        }
        throw new MalformedInputException(name + ": number (expected: at most 10 bytes)");
    }

    private int need(long count) throws MalformedInputException {
        if (count < 0 || count > limit - at) {
            throw tooShort(count);
        }
        return (int) count;
    }

    private MalformedInputException tooShort(long count) {
        return new MalformedInputException(
                name + ": " + count + " bytes (expected: at most " + (limit - at) + " left)");
    }
}
