package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A `.dwp` file: many split units in one, and an index of which has what of each section (DWARF 5,
/// section 7.3.5; version 2 is GNU's, of DWARF 4).
///
/// @param index its `.debug_cu_index`
record SplitPackage(Sections sections, SectionView index) {
    private static final int HEADER_BYTES = 16;
    private static final int COLUMNS_MAX = 16;

    private static final int INFO = 1;
    private static final int ABBREV = 3;
    private static final int STR_OFFSETS = 6;
    private static final int RNGLISTS = 8; // since version 5

    /// The same for another thread.
    SplitPackage twin() {
        return new SplitPackage(sections.twin(), index.twin());
    }

    /// The sections of the unit with an id; null if there is none.
    @Nullable Sections find(long id, Work work) throws IOException {
        if (index.size() == 0) {
            return null;
        }
        long version = index.unsigned(0, Integer.BYTES);
        if (version != 2) {
            version = index.unsigned(0, Short.BYTES);
            if (version != 5) {
                throw new MalformedInputException(
                        index.name() + ": version " + version + " (expected: 2 or 5)");
            }
        }
        long columns = index.unsigned(4, Integer.BYTES);
        long units = index.unsigned(8, Integer.BYTES);
        long slots = index.unsigned(12, Integer.BYTES);
        if (columns > COLUMNS_MAX || slots == 0 || Long.bitCount(slots) != 1) {
            throw new MalformedInputException(
                    index.name()
                            + ": "
                            + columns
                            + " columns, "
                            + slots
                            + " slots (expected: at most "
                            + COLUMNS_MAX
                            + ", and a power of two)");
        }
        long row = rowOf(id, slots, work);
        if (row == 0) {
            return null;
        }
        if (row > units) {
            throw new MalformedInputException(
                    index.name() + ": row " + row + " (expected: at most " + units + ")");
        }
        return part(slots, units, (int) columns, row, version);
    }

    private long rowOf(long id, long slots, Work work) throws IOException {
        long mask = slots - 1;
        long slot = id & mask;
        long step = (id >>> Integer.SIZE & mask) | 1;
        for (long tries = 0; tries < slots; tries++) {
            work.take(Long.BYTES + Integer.BYTES);
            long row =
                    index.unsigned(
                            HEADER_BYTES + slots * Long.BYTES + slot * Integer.BYTES,
                            Integer.BYTES);
            if (row == 0) {
                return 0;
            }
            if (index.unsigned(HEADER_BYTES + slot * Long.BYTES, Long.BYTES) == id) {
                return row;
            }
            slot = slot + step & mask;
        }
        return 0;
    }

    private Sections part(long slots, long units, int columns, long row, long version)
            throws IOException {
        long names = HEADER_BYTES + slots * (Long.BYTES + Integer.BYTES);
        long width = (long) columns * Integer.BYTES;
        long offsets = names + row * width; // row 0 has the names
        long sizes = offsets + units * width;
        SectionView info = sections.info().part(0, 0);
        SectionView abbrev = sections.abbrev().part(0, 0);
        SectionView line = sections.line().part(0, 0);
        SectionView strOffsets = sections.strOffsets().part(0, 0);
        SectionView rnglists = sections.rnglists().part(0, 0);
        for (int column = 0; column < columns; column++) {
            long place = (long) column * Integer.BYTES;
            long name = index.unsigned(names + place, Integer.BYTES);
            long offset = index.unsigned(offsets + place, Integer.BYTES);
            long size = index.unsigned(sizes + place, Integer.BYTES);
            switch ((int) Math.min(name, Integer.MAX_VALUE)) {
                case INFO -> info = sections.info().part(offset, size);
                case ABBREV -> abbrev = sections.abbrev().part(offset, size);
                case STR_OFFSETS -> strOffsets = sections.strOffsets().part(offset, size);
                case RNGLISTS -> {
                    if (version == 5) {
                        rnglists = sections.rnglists().part(offset, size);
                    }
                }
                default -> {} // those of type units, locations, macros
            }
        }
        return sections.with(info, abbrev, line, strOffsets, rnglists);
    }
}
