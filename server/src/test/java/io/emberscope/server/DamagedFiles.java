package io.emberscope.server;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.profile.Mutations;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// What a stranger may send in the place of a debug file: real files, each damaged in a way that
/// its number repeats.
final class DamagedFiles {
    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        0x7f,
        0xff,
        0xffff,
        0x1_0000,
        0x10_0000,
        Integer.MAX_VALUE,
        0x8000_0000L,
        0xffff_ffffL,
        1L << 40,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    // Of an ELF file of 64 bits, little-endian.
    private static final int SEGMENTS_AT = 32;
    private static final int SECTIONS_AT = 40;
    private static final int SEGMENT_COUNT_AT = 56;
    private static final int SECTION_COUNT_AT = 60;
    private static final int SEGMENT_BYTES = 56;
    private static final int SECTION_BYTES = 64;
    private static final int SECTION_OFFSET_AT = 24;
    private static final int SECTION_SIZE_AT = 32;
    private static final int COMPRESSION_HEADER_BYTES = 24;
    private static final int UNIT_HEADER_BYTES = 12;

    private final List<byte[]> elves;
    private final List<byte[]> bombs;
    private final List<byte[]> all;

    private enum Kind {
        /// Bytes are flipped, lost, copied and put in.
        MUTATED,
        /// It ends early.
        CUT,
        /// Numbers in the file's header, or in those of sections and segments.
        HEADERS,
        /// Numbers in a section.
        SECTION,
        /// What a compressed section says of itself, or its bytes.
        COMPRESSED,
        /// It becomes a thousand times as large, and says so or does not.
        BOMB,
        /// A section is one byte over and over behind its first few.
        MONOTONOUS,
        /// A section is where another one is, or is the whole file.
        OVERLAPPING
    }

    /// @param elves ELF files, compressed ones among them
    /// @param bombs those with a compressed section of zeros
    /// @param symbols a symbol file
    DamagedFiles(List<byte[]> elves, List<byte[]> bombs, byte[] symbols) {
        this.elves = List.copyOf(elves);
        this.bombs = List.copyOf(bombs);
        all = new ArrayList<>(elves);
        all.add(symbols);
    }

    /// The file of that number.
    byte[] file(int number) throws IOException {
        Random random = new Random(number);
        Kind kind = Kind.values()[number % Kind.values().length];
        return switch (kind) {
            case MUTATED -> Mutations.of(all, random);
            case CUT -> {
                byte[] whole = one(all, random);
                yield Arrays.copyOf(whole, random.nextInt(whole.length));
            }
            case HEADERS -> changed(one(elves, random), random, DamagedFiles::header);
            case SECTION -> changed(one(elves, random), random, DamagedFiles::inSection);
            case COMPRESSED -> changed(one(elves, random), random, DamagedFiles::compression);
            case BOMB -> changed(one(bombs, random), random, DamagedFiles::size);
            case MONOTONOUS -> changed(one(elves, random), random, DamagedFiles::monotonous);
            case OVERLAPPING -> changed(one(elves, random), random, DamagedFiles::overlapping);
        };
    }

    private static byte[] one(List<byte[]> files, Random random) {
        return files.get(random.nextInt(files.size())).clone();
    }

    @FunctionalInterface
    private interface Change {
        void make(ByteBuffer file, List<Section> sections, Random random);
    }

    private static byte[] changed(byte[] file, Random random, Change change) throws IOException {
        List<Section> sections = ElfFile.open(new ArraySource(file.clone())).sections();
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            change.make(bytes, sections, random);
        }
        return file;
    }

    private static void header(ByteBuffer file, List<Section> sections, Random random) {
        int at =
                switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(16, SECTION_BYTES);
                    case 1 -> inTable(file, SEGMENTS_AT, SEGMENT_COUNT_AT, SEGMENT_BYTES, random);
                    default -> inTable(file, SECTIONS_AT, SECTION_COUNT_AT, SECTION_BYTES, random);
                };
        extreme(file, at, random);
    }

    private static int inTable(
            ByteBuffer file, int startAt, int countAt, int entryBytes, Random random) {
        int count = file.getShort(countAt) & 0xffff;
        int bytes = Math.max(Integer.BYTES, count * entryBytes);
        // Where a number of four bytes may be.
        return (int) file.getLong(startAt) + Integer.BYTES * random.nextInt(bytes / Integer.BYTES);
    }

    private static void inSection(ByteBuffer file, List<Section> sections, Random random) {
        Section section = withBytes(sections, random, false);
        for (int i = random.nextInt(1, 9); i > 0; i--) {
            extreme(file, (int) (section.offset() + random.nextLong(section.size())), random);
        }
    }

    private static void compression(ByteBuffer file, List<Section> sections, Random random) {
        Section section = withBytes(sections, random, true);
        int header = (int) Math.min(section.size(), COMPRESSION_HEADER_BYTES);
        long at = random.nextBoolean() ? random.nextInt(header) : random.nextLong(section.size());
        extreme(file, (int) (section.offset() + at), random);
    }

    /// Says that it is as large as it is, as little as is decompressed anyway, or as much as its
    /// length allows.
    private static void size(ByteBuffer file, List<Section> sections, Random random) {
        Section section = withBytes(sections, random, true);
        long most = (1 << 20) + (section.size() - COMPRESSION_HEADER_BYTES) * 200;
        switch (random.nextInt(3)) {
            case 0 -> file.putLong((int) section.offset() + Long.BYTES, most);
            case 1 -> file.putLong((int) section.offset() + Long.BYTES, 1 << 20);
            default -> {
                // As it is.
            }
        }
    }

    private static void monotonous(ByteBuffer file, List<Section> sections, Random random) {
        Section section = withBytes(sections, random, false);
        int from = (int) section.offset() + random.nextInt(UNIT_HEADER_BYTES + 1);
        byte value = (byte) random.nextInt(random.nextBoolean() ? 8 : 256);
        int end = (int) (section.offset() + section.size());
        for (int at = from; at < end; at++) {
            file.put(at, value);
        }
    }

    private static void overlapping(ByteBuffer file, List<Section> sections, Random random) {
        int table = (int) file.getLong(SECTIONS_AT);
        int at = table + random.nextInt(sections.size()) * SECTION_BYTES;
        Section other = withBytes(sections, random, false);
        boolean isWhole = random.nextInt(4) == 0;
        file.putLong(at + SECTION_OFFSET_AT, isWhole ? 0 : other.offset());
        file.putLong(at + SECTION_SIZE_AT, isWhole ? file.capacity() : other.size());
    }

    /// One of the sections, of those that are compressed if there are some and they are wanted.
    private static Section withBytes(
            List<Section> sections, Random random, boolean isCompressedWanted) {
        List<Section> some = sections.stream().filter(Section::hasBytes).toList();
        List<Section> compressed = some.stream().filter(Section::isCompressed).toList();
        List<Section> wanted = isCompressedWanted && !compressed.isEmpty() ? compressed : some;
        return wanted.get(random.nextInt(wanted.size()));
    }

    /// Writes a number that is at the edge of something, of one to eight bytes; not where there is
    /// no file, which is what a header may say that was changed before.
    private static void extreme(ByteBuffer file, int at, Random random) {
        long value =
                random.nextInt(4) == 0
                        ? random.nextLong()
                        : EXTREMES[random.nextInt(EXTREMES.length)];
        int width = 1 << random.nextInt(4);
        for (int i = 0; i < width && at >= 0 && at < file.capacity() - i; i++) {
            file.put(at + i, (byte) (value >>> (Byte.SIZE * i)));
        }
    }
}
