package io.emberscope.symbolizer.unwind;

import io.emberscope.symbolizer.elf.HandmadeElf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Writes small `.gopclntab` sections, right or wrong on purpose: the header, names, tables of
/// stack pointers, then the index and what is told of each function.
final class HandmadeGo {
    static final int GO_1_18 = 0xffff_fff0;
    static final int GO_1_20 = 0xffff_fff1;

    /// Where the stack pointers of a function are that has none.
    static final int NO_POINTERS = 0;

    private static final int HEADER_BYTES = 72;
    private static final long AS_IT_IS = Long.MIN_VALUE;

    private record Function(int at, String name, int flags, int pointers) {}

    private final int magic;
    private final List<Function> functions = new ArrayList<>();
    private final ByteBuffer names = ByteBuffer.allocate(1024);

    /// 0 says that a function has no table, so that none begins there.
    private final ByteBuffer pointers = ByteBuffer.allocate(4096).put((byte) 0);

    private long count = AS_IT_IS;
    private long text = HandmadeElf.TEXT_ADDRESS;
    private int quantum = 1;
    private long pointersAt = AS_IT_IS;
    private long functionsAt = AS_IT_IS;
    private int lastRecordBytesLeftOut;

    HandmadeGo(int magic) {
        this.magic = magic;
    }

    /// A function.
    ///
    /// @param at counts from the start of the code
    /// @param table pairs of a change and how many bytes it holds, as they are written
    HandmadeGo function(int at, String name, int flags, int... table) {
        int place = table.length == 0 ? NO_POINTERS : pointers.position();
        for (int b : table) {
            pointers.put((byte) b);
        }
        return functionAt(at, name, flags, place);
    }

    /// A function whose stack pointers are somewhere.
    HandmadeGo functionAt(int at, String name, int flags, int place) {
        functions.add(new Function(at, name, flags, place));
        return this;
    }

    HandmadeGo count(long claimed) {
        count = claimed;
        return this;
    }

    HandmadeGo text(long address) {
        text = address;
        return this;
    }

    HandmadeGo quantum(int bytes) {
        quantum = bytes;
        return this;
    }

    HandmadeGo pointersAt(long offset) {
        pointersAt = offset;
        return this;
    }

    HandmadeGo functionsAt(long offset) {
        functionsAt = offset;
        return this;
    }

    /// Ends the section before the end of the last function's record.
    HandmadeGo cut(int bytes) {
        lastRecordBytesLeftOut = bytes;
        return this;
    }

    byte[] section() {
        names.clear();
        int startLineBytes = magic == GO_1_20 ? 4 : 0;
        int recordBytes = 40 + startLineBytes;
        ByteBuffer out = ByteBuffer.allocate(32 * 1024).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer records = ByteBuffer.allocate(16 * 1024).order(ByteOrder.LITTLE_ENDIAN);
        int indexBytes = 8 * functions.size() + 4;
        for (Function function : functions) {
            records.putInt(function.at).putInt(names.position()).putInt(0).putInt(0);
            records.putInt(function.pointers).putInt(0).putInt(0).putInt(0).putInt(0);
            records.put(new byte[startLineBytes]).put((byte) 0).put((byte) function.flags);
            records.putShort((short) 0);
            names.put(function.name.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
        }
        int namesAt = HEADER_BYTES;
        int ownPointersAt = namesAt + names.position();
        int ownFunctionsAt = (ownPointersAt + pointers.position() + 7) & ~7;
        out.putInt(magic).putShort((short) 0).put((byte) quantum).put((byte) 8);
        out.putLong(count == AS_IT_IS ? functions.size() : count).putLong(0).putLong(text);
        out.putLong(namesAt).putLong(0).putLong(0);
        out.putLong(pointersAt == AS_IT_IS ? ownPointersAt : pointersAt);
        out.putLong(functionsAt == AS_IT_IS ? ownFunctionsAt : functionsAt);
        out.put(names.array(), 0, names.position());
        out.put(pointers.array(), 0, pointers.position());
        out.position(ownFunctionsAt);
        for (int i = 0; i < functions.size(); i++) {
            out.putInt(functions.get(i).at).putInt(indexBytes + i * recordBytes);
        }
        out.putInt(HandmadeElf.TEXT_SIZE);
        out.put(records.array(), 0, records.position());
        return Arrays.copyOf(out.array(), out.position() - lastRecordBytesLeftOut);
    }

    /// In a file whose code is padding, which is what functions are looked for by.
    HandmadeElf elf() {
        int[] padding = new int[HandmadeElf.TEXT_SIZE];
        Arrays.fill(padding, 0xcc);
        return HandmadeElf.usual().code(0, padding).goTable(section());
    }
}
