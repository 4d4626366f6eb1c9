package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Arrays;

/// Where the units of a `.debug_info` begin. Never changes once made.
final class UnitIndex {
    private static final int UNITS_MAX = 1 << 22;

    private final long[] offsets;
    private final long end;
    private final boolean isWhole;

    private UnitIndex(long[] offsets, long end, boolean isWhole) {
        this.offsets = offsets;
        this.end = end;
        this.isWhole = isWhole;
    }

    /// Finds the units, up to one whose length makes no sense: what is behind it is not found.
    static UnitIndex of(SectionView info) throws IOException {
        long[] offsets = new long[256];
        int count = 0;
        long at = 0;
        boolean isWhole = true;
        while (at < info.size()) {
            if (count == UNITS_MAX) {
                isWhole = false;
                break;
            }
            long next;
            try {
                next = UnitHeader.end(info, at);
            } catch (MalformedInputException e) {
                isWhole = false;
                break;
            }
            if (count == offsets.length) {
                offsets = Arrays.copyOf(offsets, count * 2);
            }
            offsets[count++] = at;
            at = next;
        }
        return new UnitIndex(Arrays.copyOf(offsets, count), at, isWhole);
    }

    int count() {
        return offsets.length;
    }

    long offset(int unit) {
        return offsets[unit];
    }

    /// How long a unit is.
    long length(int unit) {
        return (unit + 1 < offsets.length ? offsets[unit + 1] : end) - offsets[unit];
    }

    /// Whether there is nothing behind the last unit.
    boolean isWhole() {
        return isWhole;
    }

    /// Where the unit begins that a place is in; -1 if it is in none.
    long unitOf(long place) {
        if (place < 0 || place >= end) {
            return -1;
        }
        int at = Arrays.binarySearch(offsets, place);
        return at >= 0 ? offsets[at] : at == -1 ? -1 : offsets[-at - 2];
    }
}
