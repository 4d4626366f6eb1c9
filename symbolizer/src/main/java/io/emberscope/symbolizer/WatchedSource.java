package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Bytes of which it is known whether they could be read, so that it is known which of two files
/// failed when one is made of the other.
final class WatchedSource implements ByteSource {
    private final ByteSource source;
    private boolean isBroken;

    WatchedSource(ByteSource source) {
        this.source = source;
    }

    /// Whether a read failed.
    boolean isBroken() {
        return isBroken;
    }

    @Override
    public long size() {
        return source.size();
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
        try {
            return source.read(position, target, offset, length);
        } catch (IOException e) {
            isBroken = true;
            throw e;
        }
    }

    @Override
    public boolean hasChanged() throws IOException {
        return source.hasChanged();
    }

    @Override
    public void close() {
        source.close();
    }
}
