package io.emberscope.collector;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Programs that run, though their files are not what they should be. Each takes the milliseconds
/// of CPU time that it is to burn.
final class DamagedPrograms {
    // Of an ELF file of 64 bits, little-endian.
    private static final int SEGMENTS_AT = 32;
    private static final int SECTIONS_AT = 40;
    private static final int SEGMENT_COUNT_AT = 56;
    private static final int SECTION_COUNT_AT = 60;
    private static final int SEGMENT_BYTES = 56;
    private static final int SEGMENT_OFFSET_AT = 8;
    private static final int SEGMENT_ADDRESS_AT = 16;
    private static final int SEGMENT_SIZE_AT = 32;
    private static final int SECTION_BYTES = 64;
    private static final int SECTION_TYPE_AT = 4;
    private static final int SECTION_OFFSET_AT = 24;
    private static final int SECTION_SIZE_AT = 32;
    private static final int SYMBOL_TABLE = 2;
    private static final int SEGMENT_EH_FRAME = 0x6474_e550;

    private DamagedPrograms() {}

    /// What is wrong with a program, in what the kernel does not read when it runs it.
    private enum Damage {
        /// Each section is somewhere else, and as large as can be.
        SECTIONS,
        /// There are more sections than the file has room for.
        SECTION_COUNT,
        /// The symbol table has a tebibyte.
        SYMBOL_TABLE_SIZE,
        /// Symbols and their names are noise.
        SYMBOLS,
        /// Unwind information is noise.
        UNWIND_INFORMATION,
        /// It says that its unwind information is where nothing is.
        UNWIND_SEGMENT,
        /// It ends a tebibyte after its beginning.
        GIANT
    }

    /// Compiles one of each damage.
    static List<Path> all(CPrograms programs) throws Exception {
        List<Path> damaged = new ArrayList<>();
        for (Damage damage : Damage.values()) {
            Path program = programs.solo("damaged" + damaged.size(), "damaged_work");
            ByteBuffer file =
                    ByteBuffer.wrap(Files.readAllBytes(program)).order(ByteOrder.LITTLE_ENDIAN);
            damage(file, damage, program);
            Files.write(program, file.array());
            if (damage == Damage.GIANT) {
                CPrograms.finish(
                        CPrograms.start("truncate", "-s", PerfMapTraps.GIANT_BYTES, program));
            }
            damaged.add(program);
        }
        return damaged;
    }

    private static void damage(ByteBuffer file, Damage damage, Path program) throws Exception {
        int sections = (int) file.getLong(SECTIONS_AT);
        int count = file.getShort(SECTION_COUNT_AT);
        switch (damage) {
            case SECTIONS -> {
                for (int i = 1; i < count; i++) {
                    file.putLong(
                            sections + i * SECTION_BYTES + SECTION_OFFSET_AT,
                            i * 0x0123_4567_89abL);
                    file.putLong(
                            sections + i * SECTION_BYTES + SECTION_SIZE_AT, Long.MAX_VALUE - i);
                }
            }
            case SECTION_COUNT -> file.putShort(SECTION_COUNT_AT, (short) -1);
            case SYMBOL_TABLE_SIZE -> {
                for (int i = 1; i < count; i++) {
                    if (file.getInt(sections + i * SECTION_BYTES + SECTION_TYPE_AT)
                            == SYMBOL_TABLE) {
                        file.putLong(
                                sections + i * SECTION_BYTES + SECTION_SIZE_AT,
                                PerfMapTraps.GIANT_BYTES);
                    }
                }
            }
            case SYMBOLS -> noise(file, program, ".symtab", ".strtab");
            case UNWIND_INFORMATION -> noise(file, program, ".eh_frame", ".eh_frame_hdr");
            case UNWIND_SEGMENT -> {
                int segments = (int) file.getLong(SEGMENTS_AT);
                for (int i = 0; i < file.getShort(SEGMENT_COUNT_AT); i++) {
                    int at = segments + i * SEGMENT_BYTES;
                    if (file.getInt(at) == SEGMENT_EH_FRAME) {
                        file.putLong(at + SEGMENT_OFFSET_AT, Long.MAX_VALUE - 7);
                        file.putLong(at + SEGMENT_ADDRESS_AT, -8);
                        file.putLong(at + SEGMENT_SIZE_AT, Long.MAX_VALUE);
                    }
                }
            }
            case GIANT -> {
                // It is made longer.
            }
        }
    }

    private static void noise(ByteBuffer file, Path program, String... names) throws Exception {
        try (PathSource source = PathSource.open(program)) {
            ElfFile elf = ElfFile.open(source);
            for (String name : names) {
                Section section = elf.section(name).orElseThrow();
                byte[] noise = new byte[(int) section.size()];
                new Random(noise.length).nextBytes(noise);
                file.put((int) section.offset(), noise);
            }
        }
    }
}
