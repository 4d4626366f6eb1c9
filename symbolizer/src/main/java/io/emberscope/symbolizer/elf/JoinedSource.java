package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Two sources as one: the second lies behind the first, as long as that was when it was opened.
/// Closing it closes neither.
record JoinedSource(ByteSource first, ByteSource second, long size) implements ByteSource {
    static JoinedSource of(ByteSource first, ByteSource second) {
        return new JoinedSource(first, second, first.size() + second.size());
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
        long border = size - second.size();
        return position < border
                ? first.read(position, target, offset, (int) Math.min(length, border - position))
                : second.read(position - border, target, offset, length);
    }

    @Override
    public boolean hasChanged() throws IOException {
        return first.hasChanged() || second.hasChanged();
    }

    @Override
    public void close() {}
}
