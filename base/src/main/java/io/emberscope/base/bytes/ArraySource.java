package io.emberscope.base.bytes;

import java.util.Objects;

/// Bytes in memory as a [ByteSource].
public final class ArraySource implements ByteSource {
    private final byte[] bytes;

    /// @param bytes not copied; must not change
    public ArraySource(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (position < 0) {
            throw new IndexOutOfBoundsException(position);
        }
        if (length == 0) {
            return 0;
        }
        if (position >= bytes.length) {
            return -1;
        }
        int count = (int) Math.min(length, bytes.length - position);
        System.arraycopy(bytes, (int) position, target, offset, count);
        return count;
    }

    @Override
    public void close() {}
}
