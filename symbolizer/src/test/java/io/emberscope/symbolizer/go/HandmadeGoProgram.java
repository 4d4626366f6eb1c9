package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes small Go programs, right or wrong on purpose: code that is padding, `.gopclntab` with
/// files, lines and inlined functions, and the run time's record that leads to them. All numbers
/// are below 128, so that each takes a byte.
final class HandmadeGoProgram {
    static final long CODE = 0x401000;
    static final int CODE_BYTES = 0x200;

    private static final long DATA = 0x502000;
    private static final int CODE_OFFSET = 0x1000;
    private static final int DATA_OFFSET = 0x2000;
    private static final int NONE = -1;

    /// An inlined function.
    ///
    /// @param callAt place of an instruction of where it was called
    record Inlined(String name, int callAt) {}

    /// A function.
    ///
    /// @param files pairs of a number of a file and where it ends; likewise lines and calls
    record Function(
            int start,
            String name,
            int unit,
            int[] files,
            int[] lines,
            int[] calls,
            List<Inlined> inlined) {}

    private final int magic;
    private final boolean wide;
    private final ByteOrder order;
    private final List<Function> functions = new ArrayList<>();
    private final List<String> files = new ArrayList<>();
    private final ByteArrayOutputStream names = new ByteArrayOutputStream();
    private final Map<String, Integer> namePlaces = new LinkedHashMap<>();
    private boolean isRelocated;
    private boolean hasModule = true;
    private int machine = 62;

    HandmadeGoProgram(int magic, boolean wide, ByteOrder order) {
        this.magic = magic;
        this.wide = wide;
        this.order = order;
        names.write(0);
    }

    /// Two files; a function with two others inlined into each other, one without any, and one of
    /// which only the name is known.
    static HandmadeGoProgram usual(int magic, boolean wide, ByteOrder order) {
        return new HandmadeGoProgram(magic, wide, order)
                .files("/src/a.go", "/src/b.go")
                .function(
                        new Function(
                                0,
                                "main.f",
                                0,
                                new int[] {0, 0x10, 1, 0x20, 0, 0x40},
                                new int[] {5, 8, 7, 0x10, 20, 0x18, 30, 0x20, 9, 0x40},
                                new int[] {NONE, 0x10, 0, 0x18, 1, 0x20, NONE, 0x40},
                                List.of(new Inlined("main.g", 8), new Inlined("main.h", 0x10))))
                .function(
                        new Function(
                                0x40,
                                "main.plain",
                                0,
                                new int[] {1, 0x20},
                                new int[] {40, 0x10, 41, 0x18},
                                new int[0],
                                List.of()))
                .function(
                        new Function(
                                0x60,
                                "main.nothing",
                                0,
                                new int[0],
                                new int[0],
                                new int[0],
                                List.of()));
    }

    HandmadeGoProgram files(String... paths) {
        files.addAll(List.of(paths));
        return this;
    }

    HandmadeGoProgram function(Function function) {
        functions.add(function);
        return this;
    }

    /// Pointers are in relocations only.
    HandmadeGoProgram relocated() {
        isRelocated = true;
        return this;
    }

    HandmadeGoProgram withoutModule() {
        hasModule = false;
        return this;
    }

    HandmadeGoProgram machine(int number) {
        machine = number;
        return this;
    }

    ElfFile open() throws IOException {
        return ElfFile.open(new ArraySource(bytes()));
    }

    private boolean isOld() {
        return magic == 0xffff_fffb || magic == 0xffff_fffa;
    }

    byte[] bytes() {
        ByteBuffer out = ByteBuffer.allocate(64 * 1024).order(order);
        Arrays.fill(out.array(), CODE_OFFSET, CODE_OFFSET + CODE_BYTES, (byte) 0xcc);
        out.position(DATA_OFFSET);
        ByteBuffer values = ByteBuffer.allocate(4096).put((byte) 0);
        ByteBuffer trees = ByteBuffer.allocate(4096).order(order);
        ByteBuffer records = ByteBuffer.allocate(4096).order(order);
        int word = wide ? 8 : 4;
        int indexWord = isOld() ? word : 4;
        int indexBytes = indexWord * (2 * functions.size() + 1);
        List<Integer> places = new ArrayList<>();
        for (Function function : functions) {
            places.add(indexBytes + records.position());
            record(function, values, trees, records);
        }
        ByteArrayOutputStream paths = new ByteArrayOutputStream();
        ByteBuffer units = ByteBuffer.allocate(1024).order(order);
        for (String file : files) {
            units.putInt(paths.size());
            paths.writeBytes((file + '\0').getBytes(StandardCharsets.UTF_8));
        }
        boolean is12 = magic == 0xffff_fffb;
        int header = is12 ? 8 + word : 8 + word * (isOld() ? 7 : 8);
        int namesAt = header;
        int unitsAt = (namesAt + names.size() + 3) & ~3;
        int filesAt = unitsAt + units.position();
        int valuesAt = filesAt + paths.size();
        int functionsAt = is12 ? header : (valuesAt + values.position() + 7) & ~7;
        out.putInt(magic).putShort((short) 0).put((byte) 1).put((byte) word);
        word(out, functions.size());
        if (!is12) {
            word(out, files.size());
            if (!isOld()) {
                word(out, isRelocated ? 0 : CODE);
            }
            for (int at : new int[] {namesAt, unitsAt, filesAt, valuesAt, functionsAt}) {
                word(out, at);
            }
            out.put(names.toByteArray()).position(DATA_OFFSET + unitsAt);
            out.put(units.array(), 0, units.position()).put(paths.toByteArray());
            out.put(values.array(), 0, values.position());
        }
        out.position(DATA_OFFSET + functionsAt);
        int from = is12 ? functionsAt : 0; // the oldest form counts from the section's start
        for (int i = 0; i < functions.size(); i++) {
            index(out, indexWord, functions.get(i).start);
            number(out, indexWord, from + places.get(i));
        }
        index(out, indexWord, CODE_BYTES);
        int recordsAt = out.position();
        out.put(records.array(), 0, records.position());
        if (is12) {
            int shift = out.position() - DATA_OFFSET;
            out.put(names.toByteArray());
            for (int i = 0; i < functions.size(); i++) {
                int at = recordsAt + places.get(i) - indexBytes + word;
                out.putInt(at, out.getInt(at) + shift);
            }
        }
        int tableEnd = out.position();
        out.position((tableEnd + 15) & ~15);
        int treesAt = out.position();
        out.put(trees.array(), 0, trees.position());
        out.position((out.position() + 15) & ~15);
        int moduleAt = out.position();
        long[] module = new long[41];
        int[] parts = {0, namesAt, unitsAt, filesAt, valuesAt, functionsAt, functionsAt};
        for (int i = 0; i < parts.length; i++) {
            module[i == 0 ? 0 : 3 * i - 2] = DATA + parts[i];
        }
        module[17] = functions.size() + 1L;
        module[22] = CODE;
        module[magic == 0xffff_fff0 ? 38 : 40] = DATA + treesAt - DATA_OFFSET;
        ByteBuffer relocations = ByteBuffer.allocate(2048).order(order);
        for (int i = 0; i < module.length && hasModule; i++) {
            boolean isPointer = isRelocated && module[i] >= CODE;
            word(out, isPointer ? 0 : module[i]);
            if (isPointer) {
                relocations.putLong(DATA + moduleAt - DATA_OFFSET + 8L * i).putLong(8);
                relocations.putLong(module[i]);
            }
        }
        int relocationsAt = out.position();
        out.put(relocations.array(), 0, relocations.position());
        return elf(out, tableEnd, relocationsAt, relocations.position());
    }

    private void index(ByteBuffer out, int width, int start) {
        number(out, width, isOld() ? CODE + start : start);
    }

    private void record(
            Function function, ByteBuffer values, ByteBuffer trees, ByteBuffer records) {
        if (isOld()) {
            word(records, CODE + function.start);
            records.putInt(name(function.name));
            return;
        }
        records.putInt(function.start).putInt(name(function.name)).putInt(0).putInt(0).putInt(0);
        records.putInt(table(values, function.files)).putInt(table(values, function.lines));
        boolean hasTree = !function.inlined.isEmpty();
        records.putInt(hasTree ? 3 : 0).putInt(function.unit);
        if (magic == 0xffff_fff1) {
            records.putInt(1);
        }
        records.put(new byte[3]).put((byte) (hasTree ? 4 : 0));
        if (hasTree) {
            records.putInt(0).putInt(0).putInt(table(values, function.calls));
            records.putInt(NONE).putInt(NONE).putInt(NONE).putInt(trees.position());
        }
        for (Inlined inlined : function.inlined) {
            if (magic == 0xffff_fff0) {
                trees.putShort((short) -1).putShort((short) 0).putInt(0).putInt(0);
                trees.putInt(name(inlined.name)).putInt(inlined.callAt);
            } else {
                trees.putInt(0).putInt(name(inlined.name)).putInt(inlined.callAt).putInt(1);
            }
        }
    }

    private int name(String name) {
        return namePlaces.computeIfAbsent(
                name,
                added -> {
                    int at = names.size();
                    names.writeBytes((added + '\0').getBytes(StandardCharsets.UTF_8));
                    return at;
                });
    }

    private static int table(ByteBuffer values, int[] pairs) {
        if (pairs.length == 0) {
            return 0;
        }
        int at = values.position();
        int value = NONE;
        int place = 0;
        for (int i = 0; i < pairs.length; i += 2) {
            int change = pairs[i] - value;
            values.put((byte) ((change << 1) ^ (change >> 31))).put((byte) (pairs[i + 1] - place));
            value = pairs[i];
            place = pairs[i + 1];
        }
        values.put((byte) 0);
        return at;
    }

    private byte[] elf(ByteBuffer out, int tableEnd, int relocationsAt, int relocationBytes) {
        int end = out.position();
        String sectionNames = "\0.text\0.gopclntab\0.rela.dyn\0.shstrtab\0";
        out.put(sectionNames.getBytes(StandardCharsets.ISO_8859_1));
        out.position((out.position() + 7) & ~7);
        int sectionsAt = out.position();
        section(out, 0, 0, 0, 0, 0, 0);
        section(out, 1, 1, 6, CODE, CODE_OFFSET, CODE_BYTES);
        section(out, 7, 1, 2, DATA, DATA_OFFSET, tableEnd - DATA_OFFSET);
        section(out, 18, 4, 2, 0, relocationsAt, relocationBytes);
        section(out, 28, 3, 0, 0, end, sectionNames.length());
        int size = out.position();
        out.position(0).put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1)});
        out.put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2)).put((byte) 1);
        out.position(16).putShort((short) 2).putShort((short) machine).putInt(1);
        word(out, 0);
        word(out, wide ? 64 : 52);
        word(out, sectionsAt);
        out.putInt(0).putShort((short) (wide ? 64 : 52)).putShort((short) (wide ? 56 : 32));
        out.putShort((short) 2).putShort((short) (wide ? 64 : 40)).putShort((short) 5);
        out.putShort((short) 4);
        segment(out, 5, CODE_OFFSET, CODE, CODE_BYTES);
        segment(out, 6, DATA_OFFSET, DATA, end - DATA_OFFSET);
        byte[] bytes = new byte[size];
        out.get(0, bytes);
        return bytes;
    }

    private void segment(ByteBuffer out, int flags, long offset, long address, long size) {
        out.putInt(1);
        if (wide) {
            out.putInt(flags);
        }
        word(out, offset);
        word(out, address);
        word(out, address);
        word(out, size);
        word(out, size);
        if (!wide) {
            out.putInt(flags);
        }
        word(out, 1);
    }

    private void section(
            ByteBuffer out, int name, int type, long flags, long address, long offset, long size) {
        out.putInt(name).putInt(type);
        word(out, flags);
        word(out, address);
        word(out, offset);
        word(out, size);
        out.putInt(0).putInt(0);
        word(out, 1);
        word(out, 0);
    }

    private void word(ByteBuffer out, long value) {
        number(out, wide ? 8 : 4, value);
    }

    private static void number(ByteBuffer out, int width, long value) {
        if (width == 8) {
            out.putLong(value);
        } else {
            out.putInt((int) value);
        }
    }
}
