package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import java.io.IOException;

/// Writes a tree of texts, which come in order and are numbered from 1 so.
final class TextWriter implements Texts.Visitor {
    private final TreeWriter tree;
    private final byte[] before = new byte[Layout.TEXT_BYTES_MAX];
    private int beforeLength;
    private ByteWriter content = new ByteWriter();
    private int total;

    TextWriter(Output out) {
        tree = new TreeWriter(out);
    }

    @Override
    public int text(byte[] bytes, int length) throws IOException {
        if (total % Layout.TEXTS == 0) {
            endBlock();
        }
        int shared = 0;
        while (shared < Math.min(length, beforeLength) && bytes[shared] == before[shared]) {
            shared++;
        }
        content.varint(shared).varint(length - shared);
        for (int i = shared; i < length; i++) {
            content.u8(bytes[i]);
        }
        System.arraycopy(bytes, 0, before, 0, length);
        beforeLength = length;
        return ++total;
    }

    private void endBlock() throws IOException {
        if (total > 0) {
            int first = (total - 1) / Layout.TEXTS * Layout.TEXTS;
            ByteWriter block = new ByteWriter(content.size() + 1);
            tree.add(first, block.u8(total - first - 1).bytes(content));
        }
        content = new ByteWriter();
        beforeLength = 0;
    }

    Root finish() throws IOException {
        endBlock();
        return tree.finish(total);
    }
}
