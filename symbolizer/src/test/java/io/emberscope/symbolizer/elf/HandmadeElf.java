package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ArraySource;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes small ELF files of any width and byte order, right or wrong on purpose. The code lies at
/// file offset [#TEXT_OFFSET] and address [#TEXT_ADDRESS].
public final class HandmadeElf {
    public static final int TEXT_OFFSET = 0x1000;
    public static final int TEXT_ADDRESS = 0x501000;
    public static final int TEXT_SIZE = 0x1000;

    private static final int BASE_ADDRESS = 0x400000;
    private static final String SECTION_NAMES = "\0.text\0.gopclntab\0";

    private record Symbol(String name, int info, int section, long value, long size) {}

    private record Placed(int offset, int size) {}

    private final boolean wide;
    private final ByteOrder order;
    private final List<Symbol> symbols = new ArrayList<>();
    private final List<Symbol> dynamicSymbols = new ArrayList<>();
    private int machine = 62;
    private boolean sections = true;
    private boolean gnuHash;
    private boolean compressed;
    private byte[] buildId = {};
    private long extendedNumbers;
    private long entry;
    private byte[] frames = {};
    private byte[] goTable = {};
    private final byte[] code = new byte[TEXT_SIZE];

    public HandmadeElf(boolean wide, ByteOrder order) {
        this.wide = wide;
        this.order = order;
    }

    public static HandmadeElf usual() {
        return new HandmadeElf(true, ByteOrder.LITTLE_ENDIAN);
    }

    /// A symbol of `.symtab`; `at` counts from the start of the code.
    public HandmadeElf symbol(String name, int type, int binding, long at, long size) {
        symbols.add(new Symbol(name, binding << 4 | type, 1, TEXT_ADDRESS + at, size));
        return this;
    }

    /// A symbol of `.symtab` as it is written.
    public HandmadeElf rawSymbol(String name, int info, int section, long value, long size) {
        symbols.add(new Symbol(name, info, section, value, size));
        return this;
    }

    /// A symbol of `.dynsym`; `at` counts from the start of the code.
    public HandmadeElf dynamicSymbol(String name, int type, int binding, long at, long size) {
        dynamicSymbols.add(new Symbol(name, binding << 4 | type, 1, TEXT_ADDRESS + at, size));
        return this;
    }

    public HandmadeElf machine(int number) {
        machine = number;
        return this;
    }

    /// A process begins there; `at` counts from the start of the code.
    public HandmadeElf entry(int at) {
        entry = (long) TEXT_ADDRESS + at;
        return this;
    }

    public HandmadeElf withoutSections() {
        sections = false;
        return this;
    }

    /// Counts dynamic symbols by a GNU hash table, not the older one.
    public HandmadeElf gnuHash() {
        gnuHash = true;
        return this;
    }

    public HandmadeElf compressedSymbols() {
        compressed = true;
        return this;
    }

    public HandmadeElf buildId(byte... id) {
        buildId = id.clone();
        return this;
    }

    /// Writes the numbers of sections and segments into section 0, as files with very many do.
    public HandmadeElf extendedNumbers() {
        extendedNumbers = 1;
        return this;
    }

    /// The `.eh_frame`, which is found by way of its index, as it has no name here.
    public HandmadeElf frames(byte... section) {
        frames = section.clone();
        return this;
    }

    /// The `.gopclntab`, found by its name. Then the code has the name of `.text`.
    public HandmadeElf goTable(byte... section) {
        goTable = section.clone();
        return this;
    }

    /// Instructions; `at` counts from the start of the code.
    public HandmadeElf code(int at, int... instructions) {
        for (int i = 0; i < instructions.length; i++) {
            code[at + i] = (byte) instructions[i];
        }
        return this;
    }

    public ArraySource source() {
        return new ArraySource(bytes());
    }

    public ElfFile open() throws java.io.IOException {
        return ElfFile.open(source());
    }

    public byte[] bytes() {
        ByteBuffer out = ByteBuffer.allocate(256 * 1024).order(order);
        Map<String, Integer> names = new LinkedHashMap<>();
        out.position(TEXT_OFFSET);
        out.put(code);

        Placed strings = place(out, strings(symbols, names));
        Placed table = place(out, table(symbols, names));
        Map<String, Integer> dynamicNames = new LinkedHashMap<>();
        Placed dynamicStrings = place(out, strings(dynamicSymbols, dynamicNames));
        Placed dynamicTable = place(out, table(dynamicSymbols, dynamicNames));
        Placed hash = place(out, gnuHash ? gnuHashTable() : hashTable());
        Placed dynamic =
                place(
                        out,
                        dynamicSymbols.isEmpty()
                                ? new byte[0]
                                : dynamic(dynamicStrings, dynamicTable, hash));
        Placed note = place(out, note());
        Placed frameIndex = place(out, frameIndex());
        Placed go = place(out, goTable);
        Placed sectionNames = place(out, sectionNames());
        out.position((out.position() + 7) & ~7);
        int sectionsAt = out.position();
        int sectionCount = goTable.length == 0 ? 7 : 9;
        int segmentCount = frames.length == 0 ? 4 : 5;
        if (sections) {
            section(out, 0, 0, 0, 0, extendedNumbers * sectionCount, 0, segmentCount, 0);
            section(out, 1, 6, TEXT_ADDRESS, TEXT_OFFSET, TEXT_SIZE, 0, 0, 0);
            section(out, 3, 0, 0, strings.offset, strings.size, 0, 0, 0);
            int entry = wide ? 24 : 16;
            section(out, 2, compressed ? 0x800 : 0, 0, table.offset, table.size, 2, 1, entry);
            section(out, 3, 2, 0, dynamicStrings.offset, dynamicStrings.size, 0, 0, 0);
            section(out, 11, 2, 0, dynamicTable.offset, dynamicTable.size, 4, 1, entry);
            section(out, 7, 2, 0, note.offset, note.size, 0, 0, 0);
            if (goTable.length > 0) {
                section(out, 1, 2, 0, go.offset, go.size, 0, 0, 0);
                section(out, 3, 0, 0, sectionNames.offset, sectionNames.size, 0, 0, 0);
                int stride = wide ? 64 : 40;
                out.putInt(sectionsAt + stride, SECTION_NAMES.indexOf(".text"));
                out.putInt(sectionsAt + 7 * stride, SECTION_NAMES.indexOf(".gopclntab"));
            }
        }
        int end = out.position();
        header(out, sections ? sectionsAt : 0, segmentCount, sections ? sectionCount : 0);
        segment(out, 1, 4, 0, BASE_ADDRESS, end);
        segment(out, 1, 5, TEXT_OFFSET, TEXT_ADDRESS, TEXT_SIZE);
        segment(out, dynamic.size == 0 ? 0 : 2, 6, dynamic.offset, 0, dynamic.size);
        segment(out, note.size == 0 ? 0 : 4, 4, note.offset, 0, note.size);
        if (frameIndex.size > 0) {
            long address = BASE_ADDRESS + (long) frameIndex.offset;
            segment(out, 0x6474e550, 4, frameIndex.offset, address, 8);
        }
        byte[] file = new byte[end];
        out.get(0, file);
        return file;
    }

    private byte[] sectionNames() {
        return goTable.length == 0
                ? new byte[0]
                : SECTION_NAMES.getBytes(StandardCharsets.ISO_8859_1);
    }

    private void header(ByteBuffer out, int sectionsAt, int segments, int sectionCount) {
        out.position(0);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1)});
        out.put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2)).put((byte) 1);
        out.position(16);
        out.putShort((short) 3).putShort((short) machine).putInt(1);
        word(out, entry);
        word(out, wide ? 64 : 52);
        word(out, sectionsAt);
        out.putInt(0).putShort((short) (wide ? 64 : 52)).putShort((short) (wide ? 56 : 32));
        boolean extended = extendedNumbers != 0;
        out.putShort((short) (extended ? 0xffff : segments));
        out.putShort((short) (wide ? 64 : 40));
        out.putShort((short) (extended ? 0 : sectionCount));
        out.putShort((short) (goTable.length == 0 ? 0 : 8));
    }

    private void segment(ByteBuffer out, int type, int flags, long offset, long address, long n) {
        out.putInt(type);
        if (wide) {
            out.putInt(flags);
        }
        word(out, offset);
        word(out, address);
        word(out, address);
        word(out, n);
        word(out, n);
        if (!wide) {
            out.putInt(flags);
        }
        word(out, 4);
    }

    private void section(
            ByteBuffer out,
            int type,
            long flags,
            long address,
            long offset,
            long size,
            int link,
            int info,
            long entry) {
        out.putInt(0).putInt(type);
        word(out, flags);
        word(out, address);
        word(out, offset);
        word(out, size);
        out.putInt(link).putInt(info);
        word(out, 4);
        word(out, entry);
    }

    private static Placed place(ByteBuffer out, byte[] bytes) {
        out.position((out.position() + 7) & ~7);
        Placed placed = new Placed(out.position(), bytes.length);
        out.put(bytes);
        return placed;
    }

    private static byte[] strings(List<Symbol> from, Map<String, Integer> names) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0);
        for (Symbol symbol : from) {
            if (!names.containsKey(symbol.name)) {
                names.put(symbol.name, symbol.name.isEmpty() ? 0 : out.size());
                // Latin-1, so that a test can write bytes that are not UTF-8.
                out.writeBytes(symbol.name.getBytes(StandardCharsets.ISO_8859_1));
                out.write(0);
            }
        }
        return out.toByteArray();
    }

    private byte[] table(List<Symbol> from, Map<String, Integer> names) {
        ByteBuffer out = ByteBuffer.allocate((from.size() + 1) * (wide ? 24 : 16)).order(order);
        out.position(wide ? 24 : 16);
        for (Symbol symbol : from) {
            out.putInt(names.get(symbol.name));
            if (wide) {
                out.put((byte) symbol.info).put((byte) 0).putShort((short) symbol.section);
                out.putLong(symbol.value).putLong(symbol.size);
            } else {
                out.putInt((int) symbol.value).putInt((int) symbol.size);
                out.put((byte) symbol.info).put((byte) 0).putShort((short) symbol.section);
            }
        }
        return out.array();
    }

    private byte[] hashTable() {
        return ByteBuffer.allocate(8)
                .order(order)
                .putInt(1)
                .putInt(dynamicSymbols.size() + 1)
                .array();
    }

    /// One bucket whose chain has all symbols.
    private byte[] gnuHashTable() {
        int word = wide ? 8 : 4;
        int count = dynamicSymbols.size();
        ByteBuffer out = ByteBuffer.allocate(16 + word + 4 + 4 * count).order(order);
        out.putInt(1).putInt(1).putInt(1).putInt(0);
        out.position(16 + word);
        out.putInt(1);
        for (int i = 1; i <= count; i++) {
            out.putInt(i == count ? 1 : 2);
        }
        return out.array();
    }

    private byte[] dynamic(Placed strings, Placed table, Placed hash) {
        ByteBuffer out = ByteBuffer.allocate(16 * 8).order(order);
        long[][] entries = {
            {5, BASE_ADDRESS + strings.offset},
            {6, BASE_ADDRESS + table.offset},
            {10, strings.size},
            {11, wide ? 24 : 16},
            {gnuHash ? 0x6ffffef5 : 4, BASE_ADDRESS + hash.offset},
            {14, 1},
            {0, 0}
        };
        for (long[] entry : entries) {
            word(out, entry[0]);
            word(out, entry[1]);
        }
        byte[] bytes = new byte[out.position()];
        out.get(0, bytes);
        return bytes;
    }

    private byte[] note() {
        if (buildId.length == 0) {
            return new byte[0];
        }
        ByteBuffer out = ByteBuffer.allocate(256).order(order);
        // Another note first, so that finding the second is proved.
        out.putInt(3).putInt(5).putInt(3).put(new byte[] {'O', 'S', 0, 0, 1, 2, 3, 4, 5, 0, 0, 0});
        out.putInt(4).putInt(buildId.length).putInt(3).put(new byte[] {'G', 'N', 'U', 0});
        out.put(buildId);
        byte[] bytes = new byte[out.position()];
        out.get(0, bytes);
        return bytes;
    }

    /// The header of the index, without a table, and right behind it the frames.
    private byte[] frameIndex() {
        if (frames.length == 0) {
            return new byte[0];
        }
        ByteBuffer out = ByteBuffer.allocate(8 + frames.length).order(order);
        out.put(new byte[] {1, 0x1b, (byte) 0xff, (byte) 0xff}); // relative to here, 32 bits
        return out.putInt(4).put(frames).array();
    }

    private void word(ByteBuffer out, long value) {
        if (wide) {
            out.putLong(value);
        } else {
            out.putInt((int) value);
        }
    }
}
