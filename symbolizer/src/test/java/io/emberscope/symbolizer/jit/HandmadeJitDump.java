package io.emberscope.symbolizer.jit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes small jitdump files.
final class HandmadeJitDump {
    private final ByteBuffer out = ByteBuffer.allocate(64 * 1024);

    HandmadeJitDump(ByteOrder order, long flags) {
        out.order(order).putInt(0x4a695444).putInt(1).putInt(40).putInt(62).putInt(0).putInt(7);
        out.putLong(1).putLong(flags);
    }

    HandmadeJitDump load(long time, long start, int size, long number, String name) {
        int at = begin(0, time);
        out.putInt(7).putInt(7).putLong(start).putLong(start).putLong(size).putLong(number);
        out.put((name + '\0').getBytes(StandardCharsets.UTF_8)).put(new byte[size]);
        return end(at);
    }

    HandmadeJitDump move(long time, long from, long to, long size, long number) {
        int at = begin(1, time);
        out.putInt(7).putInt(7).putLong(to).putLong(from).putLong(to).putLong(size);
        out.putLong(number);
        return end(at);
    }

    /// @param entries offset, line and file in turn; a file of null is that of the one before
    HandmadeJitDump lines(long start, Object... entries) {
        int at = begin(2, 0);
        out.putLong(start).putLong(entries.length / 3);
        for (int i = 0; i < entries.length; i += 3) {
            out.putLong(start + (Integer) entries[i]).putInt((Integer) entries[i + 1]).putInt(0);
            if (entries[i + 2] instanceof String file) {
                out.put(file.getBytes(StandardCharsets.UTF_8));
            } else {
                out.put((byte) 0xff);
            }
            out.put((byte) 0);
        }
        return end(at);
    }

    HandmadeJitDump other(int kind) {
        int at = begin(kind, 0);
        out.putLong(1);
        return end(at);
    }

    private int begin(int kind, long time) {
        int at = out.position();
        out.putInt(kind).putInt(0).putLong(time);
        return at;
    }

    private HandmadeJitDump end(int at) {
        out.putInt(at + 4, out.position() - at);
        return this;
    }

    byte[] bytes() {
        byte[] bytes = new byte[out.position()];
        out.get(0, bytes);
        return bytes;
    }

    /// One of each kind of record.
    static byte[] usual(ByteOrder order, long flags) {
        return new HandmadeJitDump(order, flags)
                .lines(0x1000, 0, 10, "a.js", 8, 11, null, 16, 3, "b.js")
                .load(100, 0x1000, 0x20, 1, "f")
                .other(4)
                .load(200, 0x2000, 0x10, 2, "g")
                .move(300, 0x2000, 0x3000, 0x10, 2)
                .load(400, 0x1000, 0x10, 3, "h")
                .bytes();
    }

    static byte[] cut(byte[] bytes, int length) {
        return Arrays.copyOf(bytes, length);
    }
}
