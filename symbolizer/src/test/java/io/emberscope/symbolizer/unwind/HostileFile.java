package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// An ELF file of any size that takes no memory, as a sparse one could be: almost 4 GiB of code of
/// one byte, and behind it a section whose entries are made when they are read.
final class HostileFile implements ByteSource {
    static final int CODE_OFFSET = 0x200000;
    static final long CODE_BYTES = (1L << 32) - CODE_OFFSET - 1;
    static final long CODE_ADDRESS = 0x10_0000_0000L + CODE_OFFSET;

    private static final long DATA_OFFSET = 1L << 32;
    private static final int NAMES_OFFSET = 0x1000;
    private static final int SECTIONS_OFFSET = 0x2000;
    private static final int CODE_SECTIONS_MAX = 16_000;

    /// Writes an entry.
    interface Entry {
        void write(long number, ByteBuffer into);
    }

    private final ByteBuffer head = ByteBuffer.allocate(CODE_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    private final byte code;
    private final byte[] start;
    private final ByteBuffer entry;
    private final Entry entries;
    private final long dataBytes;
    private long written = -1;

    /// @param section its name
    /// @param start what the section begins with
    /// @param stride bytes of an entry
    HostileFile(String section, int code, byte[] start, int stride, long count, Entry entries) {
        this.code = (byte) code;
        this.start = start;
        this.entry = ByteBuffer.allocate(stride).order(ByteOrder.LITTLE_ENDIAN);
        this.entries = entries;
        this.dataBytes = start.length + stride * count;
        head.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        head.putShort((short) 3).putShort((short) 62).putInt(1).putLong(0).putLong(64);
        head.putLong(SECTIONS_OFFSET).putInt(0).putShort((short) 64).putShort((short) 56);
        head.putShort((short) 1).putShort((short) 64).putShort((short) 3).putShort((short) 1);
        head.putInt(1).putInt(5).putLong(CODE_OFFSET).putLong(CODE_ADDRESS).putLong(CODE_ADDRESS);
        head.putLong(CODE_BYTES).putLong(CODE_BYTES).putLong(4096);
        head.position(NAMES_OFFSET)
                .put(("\0f\0" + section + '\0').getBytes(StandardCharsets.US_ASCII));
        boolean isSymbols = section.equals(".symtab");
        section(1, 0, 3, 0, NAMES_OFFSET, 64, 0);
        section(2, 3, isSymbols ? 2 : 1, 0, DATA_OFFSET, dataBytes, isSymbols ? 24 : 0);
    }

    private void section(
            int number, int name, int type, long flags, long offset, long size, int entryBytes) {
        head.position(SECTIONS_OFFSET + 64 * number);
        head.putInt(name).putInt(type).putLong(flags).putLong(0).putLong(offset).putLong(size);
        head.putInt(1).putInt(0).putLong(8).putLong(entryBytes);
    }

    /// Lets the section say that it has so many bytes.
    HostileFile claims(long bytes) {
        head.putLong(SECTIONS_OFFSET + 2 * 64 + 32, bytes);
        return this;
    }

    /// Lets the section say that it is compressed.
    HostileFile compressed() {
        head.putLong(SECTIONS_OFFSET + 2 * 64 + 8, 0x800);
        return this;
    }

    /// With as many sections of code as headers allow.
    HostileFile manySections() {
        head.putShort(60, (short) CODE_SECTIONS_MAX);
        for (int i = 3; i < CODE_SECTIONS_MAX; i++) {
            section(i, 1, 1, 4, CODE_OFFSET + 16L * i, 16, 0);
            head.putLong(SECTIONS_OFFSET + 64 * i + 16, CODE_ADDRESS + 16L * i);
        }
        return this;
    }

    @Override
    public long size() {
        return DATA_OFFSET + dataBytes;
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        if (position >= size()) {
            return -1;
        }
        if (position < CODE_OFFSET) {
            int count = (int) Math.min(length, CODE_OFFSET - position);
            head.get((int) position, target, offset, count);
            return count;
        }
        if (position < DATA_OFFSET) {
            int count = (int) Math.min(length, DATA_OFFSET - position);
            java.util.Arrays.fill(target, offset, offset + count, code);
            return count;
        }
        long at = position - DATA_OFFSET;
        if (at < start.length) {
            int count = (int) Math.min(length, start.length - at);
            System.arraycopy(start, (int) at, target, offset, count);
            return count;
        }
        int done = 0;
        at -= start.length;
        while (done < length && at < dataBytes - start.length) {
            long number = at / entry.capacity();
            if (number != written) {
                entries.write(number, entry.clear());
                written = number;
            }
            int from = (int) (at % entry.capacity());
            int count = Math.min(length - done, entry.capacity() - from);
            entry.get(from, target, offset + done, count);
            done += count;
            at += count;
        }
        return done;
    }

    @Override
    public void close() {}
}
