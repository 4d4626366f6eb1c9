package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;

/// Reads range lists: `.debug_ranges` (DWARF 3, section 2.17.3) and `.debug_rnglists` (DWARF 5,
/// section 2.17.3). What was discarded by the linker is left out.
final class RangeLists {
    private static final int END_OF_LIST = 0;
    private static final int BASE_ADDRESSX = 1;
    private static final int STARTX_ENDX = 2;
    private static final int STARTX_LENGTH = 3;
    private static final int OFFSET_PAIR = 4;
    private static final int BASE_ADDRESS = 5;
    private static final int START_END = 6;
    private static final int START_LENGTH = 7;

    private static final int FIRST_BYTES = 64;
    private static final int LIST_BYTES_MAX = 32 * 1024 * 1024;
    private static final int ENTRY_BYTES_MAX = 24;

    /// Takes the ranges of a list.
    interface Target {
        /// Takes a range, of which the end may also be before the start.
        void range(long start, long end) throws IOException;
    }

    private final Cursor in = new Cursor();
    private final Work work;
    private SectionView section;
    private long loadedAt;

    RangeLists(Work work, SectionView any) {
        this.work = work;
        this.section = any;
    }

    /// Reads what an entry says of where its code is: from one address to another, or a list.
    void read(Unit unit, Entry entry, Target target) throws IOException {
        if (entry.lowForm != 0
                && entry.highForm != 0
                && Form.isAddress(entry.lowForm)
                && (Form.isAddress(entry.highForm) || Form.isConstant(entry.highForm))) {
            long low = unit.address(entry.lowForm, entry.low);
            if (low != unit.tombstone()) {
                long high =
                        Form.isAddress(entry.highForm)
                                ? unit.address(entry.highForm, entry.high)
                                : low + entry.high;
                target.range(low, high);
                return;
            }
        }
        if (entry.rangesForm == Form.RNGLISTX) {
            readList(unit, unit.rangeListAt(entry.ranges), target);
        } else if (Form.isOffset(entry.rangesForm)) {
            if (unit.header().version() >= 5) {
                readList(unit, entry.ranges, target);
            } else {
                long base = unit.sections().isSplit() ? unit.rangesAt() : 0;
                readOldList(unit, base + entry.ranges, target);
            }
        }
    }

    private void begin(SectionView of, long at) throws IOException {
        section = of;
        load(at, FIRST_BYTES);
    }

    private void load(long at, int length) throws IOException {
        section.check(at, 0);
        int there = (int) Math.min(length, section.size() - at);
        work.take(there);
        in.load(section, at, there);
        loadedAt = at;
    }

    /// Makes sure that all bytes of one more entry are there, as far as the section has them.
    private void more(long listAt) throws IOException {
        if (in.end - in.position < ENTRY_BYTES_MAX) {
            in.check();
            long at = loadedAt + in.position;
            if (at - listAt > LIST_BYTES_MAX) {
                throw new TooMuchException(
                        TooMuchException.What.UNIT,
                        section.name() + ": list (expected: at most " + LIST_BYTES_MAX + " bytes)");
            }
            if (at == section.size()) {
                throw new MalformedInputException(
                        section.name() + ": list at " + listAt + " (expected: to have an end)");
            }
            if (loadedAt + in.end < section.size()) {
                load(at, 16 * FIRST_BYTES);
            }
        }
    }

    private void readOldList(Unit unit, long listAt, Target target) throws IOException {
        begin(unit.skeletonSections().ranges(), listAt);
        int width = unit.header().addressBytes();
        long highest = unit.tombstone();
        long discarded = highest - 1; // as the highest means something else here
        long base = unit.low();
        while (true) {
            more(listAt);
            long start = in.unsigned(width);
            long end = in.unsigned(width);
            in.check();
            if (start == 0 && end == 0) {
                return;
            }
            if (start == highest) {
                base = end;
            } else if (start != discarded && base != discarded) {
                target.range(start + base, end + base);
            }
        }
    }

    private void readList(Unit unit, long listAt, Target target) throws IOException {
        begin(unit.sections().rnglists(), listAt);
        int width = unit.header().addressBytes();
        long discarded = unit.tombstone();
        long base = unit.low();
        while (true) {
            more(listAt);
            int kind = in.u1();
            long start = discarded;
            long end = 0;
            switch (kind) {
                case END_OF_LIST -> {
                    in.check();
                    return;
                }
                case BASE_ADDRESSX -> base = unit.address(in.uleb());
                case BASE_ADDRESS -> base = in.unsigned(width);
                case STARTX_ENDX -> {
                    start = unit.address(in.uleb());
                    end = unit.address(in.uleb());
                }
                case STARTX_LENGTH -> {
                    start = unit.address(in.uleb());
                    end = start + in.uleb();
                }
                case OFFSET_PAIR -> {
                    long from = in.uleb();
                    long to = in.uleb();
                    if (base != discarded) {
                        start = base + from;
                        end = base + to;
                    }
                }
                case START_END -> {
                    start = in.unsigned(width);
                    end = in.unsigned(width);
                }
                case START_LENGTH -> {
                    start = in.unsigned(width);
                    end = start + in.uleb();
                }
                default ->
                        throw new MalformedInputException(
                                section.name() + ": kind " + kind + " (expected: 0 to 7)");
            }
            in.check();
            if (start != discarded) {
                target.range(start, end);
            }
        }
    }
}
