package io.emberscope.symbolizer.minidebug;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.io.InputStream;

/// A range of a source as a stream, read through a buffer.
final class RangeStream extends InputStream {
    private static final int BUFFER_BYTES = 16 * 1024;

    private final ByteSource source;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private long position;
    private long left;
    private int at;
    private int filled;

    /// @param name for errors
    /// @throws MalformedInputException if the range is not in the source
    RangeStream(ByteSource source, long offset, long length, String name)
            throws MalformedInputException {
        if (offset < 0 || length < 0 || length > source.size() - offset) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(length)
                            + " bytes at "
                            + Long.toUnsignedString(offset)
                            + " (expected: within the file's "
                            + source.size()
                            + " bytes)");
        }
        this.source = source;
        this.position = offset;
        this.left = length;
    }

    @Override
    public int read() throws IOException {
        return fill() ? buffer[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, filled - at);
        System.arraycopy(buffer, at, target, offset, count);
        at += count;
        return count;
    }

    private boolean fill() throws IOException {
        if (at < filled) {
            return true;
        }
        at = 0;
        filled = 0;
        if (left > 0) {
            int count = source.read(position, buffer, 0, (int) Math.min(BUFFER_BYTES, left));
            if (count > 0) {
                filled = count;
                position += count;
                left -= count;
            }
        }
        return filled > 0;
    }
}
