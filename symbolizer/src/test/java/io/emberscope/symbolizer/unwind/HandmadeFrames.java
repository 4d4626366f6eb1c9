package io.emberscope.symbolizer.unwind;

import io.emberscope.symbolizer.elf.HandmadeElf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Writes small `.eh_frame` sections, entry by entry. Addresses are absolute.
final class HandmadeFrames {
    static final int NOP = 0;

    private final ByteBuffer out = ByteBuffer.allocate(8 * 1024).order(ByteOrder.LITTLE_ENDIAN);
    private int common;

    /// The usual: a code factor of 1, a data factor of -8, CFA `rsp+8`, return address at `cfa-8`.
    static HandmadeFrames usual() {
        return new HandmadeFrames().common("zR", 0x0c, 7, 8, 0x80 | 16, 1);
    }

    /// A common entry.
    HandmadeFrames common(String augmentation, int... instructions) {
        common = out.position();
        out.putInt(0).putInt(0).put((byte) 1);
        for (int i = 0; i < augmentation.length(); i++) {
            out.put((byte) augmentation.charAt(i));
        }
        out.put((byte) 0).put((byte) 1).put((byte) 0x78).put((byte) 16);
        out.put((byte) 1).put((byte) 0); // of the augmentation: absolute addresses
        return end(common, instructions);
    }

    /// A function in the code of [HandmadeElf].
    HandmadeFrames function(int at, int length, int... instructions) {
        return function((long) HandmadeElf.TEXT_ADDRESS + at, (long) length, instructions);
    }

    HandmadeFrames function(long address, long length, int... instructions) {
        int start = out.position();
        out.putInt(0).putInt(start + 4 - common).putLong(address).putLong(length).put((byte) 0);
        return end(start, instructions);
    }

    private HandmadeFrames end(int start, int... instructions) {
        for (int instruction : instructions) {
            out.put((byte) instruction);
        }
        out.putInt(start, out.position() - start - 4);
        return this;
    }

    byte[] section() {
        byte[] bytes = new byte[out.position() + 4];
        out.get(0, bytes, 0, out.position());
        return bytes;
    }

    HandmadeElf elf() {
        return HandmadeElf.usual().frames(section());
    }
}
