package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Arrays;

/// `.debug_aranges` (DWARF 5, section 6.1.2): which addresses units have, for those it knows of.
/// Only where each set is, is in memory.
final class AddressRanges {
    private static final int SETS_MAX = 1 << 22;

    private int count;
    private long[] units = new long[64];
    private long[] sets = new long[64];
    private int[] order = {};

    /// Finds the sets. From one that contradicts itself on, there are none.
    static AddressRanges of(SectionView section) throws IOException {
        AddressRanges ranges = new AddressRanges();
        try {
            long at = 0;
            while (at < section.size() && ranges.count < SETS_MAX) {
                at = ranges.find(section, at);
            }
        } catch (MalformedInputException e) {
            // Whoever looks for code can do without: units say it too.
        }
        ranges.order = new int[ranges.count];
        NaturalSort.order(ranges.units, ranges.count, ranges.order);
        return ranges;
    }

    private long find(SectionView section, long at) throws IOException {
        long end = UnitHeader.end(section, at);
        boolean isWide = section.unsigned(at, Integer.BYTES) == 0xffff_ffffL;
        long body = at + (isWide ? 12 : 4);
        int offsetBytes = isWide ? Long.BYTES : Integer.BYTES;
        long version = section.unsigned(body, Short.BYTES);
        long unit = section.unsigned(body + Short.BYTES, offsetBytes);
        long addressBytes = section.unsigned(body + Short.BYTES + offsetBytes, 1);
        long segmentBytes = section.unsigned(body + Short.BYTES + offsetBytes + 1, 1);
        if (version != 2
                || (addressBytes != Integer.BYTES && addressBytes != Long.BYTES)
                || segmentBytes != 0) {
            throw new MalformedInputException(section.name() + ": set (expected: of version 2)");
        }
        if (count == units.length) {
            units = Arrays.copyOf(units, count * 2);
            sets = Arrays.copyOf(sets, count * 2);
        }
        units[count] = unit;
        sets[count++] = at;
        return end;
    }

    /// Tells the ranges of a unit.
    ///
    /// @return whether there is a set for it
    boolean read(SectionView section, long unit, Work work, RangeLists.Target target)
            throws IOException {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (units[order[middle]] < unit) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        boolean found = false;
        for (; low < count && units[order[low]] == unit; low++) {
            readSet(section, sets[order[low]], work, target);
            found = true;
        }
        return found;
    }

    private static void readSet(SectionView section, long at, Work work, RangeLists.Target target)
            throws IOException {
        long end = UnitHeader.end(section, at);
        work.take(end - at);
        boolean isWide = section.unsigned(at, Integer.BYTES) == 0xffff_ffffL;
        long sizesAt = at + (isWide ? 22 : 10);
        int width = (int) section.unsigned(sizesAt, 1);
        // Pairs are aligned as if the set began at 0.
        long pairs = sizesAt + 2 - at;
        pairs = at + (pairs + 2L * width - 1) / (2L * width) * (2L * width);
        for (long pair = pairs; end - pair >= 2L * width; pair += 2L * width) {
            long start = section.unsigned(pair, width);
            long length = section.unsigned(pair + width, width);
            if (length != 0) {
                target.range(start, start + length);
            }
        }
    }
}
