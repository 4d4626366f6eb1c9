package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Bytes that are asked for in small pieces, from the beginning to the end, and read in larger
/// ones. Closing it does nothing: the source is somebody else's. Not safe for use by several
/// threads.
final class ReadAhead implements ByteSource {
    static final int PIECE_BYTES = 16 * 1024;

    private final ByteSource source;
    private final byte[] piece = new byte[PIECE_BYTES];
    private long start;
    private int length;

    ReadAhead(ByteSource source) {
        this.source = source;
    }

    @Override
    public long size() {
        return source.size();
    }

    @Override
    public int read(long position, byte[] target, int offset, int wanted) throws IOException {
        if (position < start || position - start >= length) {
            length = Math.max(0, source.read(position, piece, 0, piece.length));
            start = position;
        }
        int at = (int) (position - start);
        int count = Math.min(wanted, length - at);
        System.arraycopy(piece, at, target, offset, count);
        return count == 0 && wanted > 0 ? -1 : count;
    }

    @Override
    public boolean hasChanged() throws IOException {
        return source.hasChanged();
    }

    @Override
    public void close() {}
}
