package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.nio.ByteOrder;

/// Exact reads from a [ByteSource] through one small buffer. A range that is not wholly in the
/// source, or no longer is, is malformed input. Not safe for use by several threads.
final class SourceReader {
    /// Most that is asked of the source, and held, at once.
    static final int CHUNK_BYTES = 64 * 1024;

    private static final int BUFFER_BYTES_MIN = 1024;

    private final ByteSource source;
    private final long size;
    private final ByteOrder order;
    private byte[] buffer = new byte[BUFFER_BYTES_MIN];

    SourceReader(ByteSource source, ByteOrder order) {
        this.source = source;
        this.size = source.size();
        this.order = order;
    }

    ByteSource source() {
        return source;
    }

    ByteOrder order() {
        return order;
    }

    /// Bytes there were when the source was opened.
    long size() {
        return size;
    }

    /// Whether the range is inside the source; numbers are unsigned.
    boolean holds(long position, long length) {
        return position >= 0 && length >= 0 && length <= size && position <= size - length;
    }

    /// Fails unless the range is inside the source.
    void check(long position, long length, String field) throws MalformedInputException {
        if (!holds(position, length)) {
            throw new MalformedInputException(
                    field
                            + ": "
                            + Long.toUnsignedString(length)
                            + " bytes at "
                            + Long.toUnsignedString(position)
                            + " (expected: within the file's "
                            + size
                            + " bytes)");
        }
    }

    /// A cursor over exactly that range, valid until the next call.
    ///
    /// @param length at most [#CHUNK_BYTES]
    ByteCursor cursor(long position, int length, String field) throws IOException {
        check(position, length, field);
        if (buffer.length < length) {
            buffer = new byte[length <= CHUNK_BYTES / 4 ? CHUNK_BYTES / 4 : CHUNK_BYTES];
        }
        source.fill(position, buffer, length, field);
        return ByteCursor.of(buffer, 0, length).order(order);
    }
}
