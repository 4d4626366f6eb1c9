package io.emberscope.symbolizer.elf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongUnaryOperator;

/// The executable parts of a file: its code sections or, if it has none, its executable segments.
/// Only what is inside one of them can be a function, and no function reaches beyond its own.
///
/// A separate debug file has its code sections without their bytes. There the offsets are those
/// that they would have if they lay one after the other.
final class CodeRegions {
    private record Region(long address, long size, long offset) {}

    private final long[] addresses;
    private final long[] sizes;
    private final long[] offsets;

    private CodeRegions(List<Region> sorted) {
        int count = sorted.size();
        addresses = new long[count];
        sizes = new long[count];
        offsets = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = sorted.get(i).address();
            sizes[i] = sorted.get(i).size();
            offsets[i] = sorted.get(i).offset();
        }
    }

    /// Of regions that overlap, which no linker makes, the one with the lower address is kept.
    static CodeRegions of(ElfFile file) {
        List<Region> regions = sections(file);
        if (regions.isEmpty()) {
            regions = segments(file);
        }
        if (regions.isEmpty()) {
            regions = withoutBytes(file);
        }
        regions.sort(
                Comparator.comparing(
                        Region::address, Long::compareUnsigned)); // as the kernel's are at the top
        List<Region> apart = new ArrayList<>(regions.size());
        for (Region region : regions) {
            if (apart.isEmpty() || isAfter(region, apart.getLast())) {
                apart.add(region);
            }
        }
        return new CodeRegions(apart);
    }

    private static List<Region> sections(ElfFile file) {
        List<Region> regions = new ArrayList<>();
        for (Section section : file.sections()) {
            if (section.isCode() && section.size() > 0) {
                for (Segment segment : file.segments()) {
                    if (segment.isCode() && segment.holds(section.address())) {
                        regions.add(region(segment, section.address(), section.size()));
                        break;
                    }
                }
            }
        }
        return regions;
    }

    private static List<Region> segments(ElfFile file) {
        List<Region> regions = new ArrayList<>();
        for (Segment segment : file.segments()) {
            if (segment.isCode() && segment.fileSize() > 0) {
                regions.add(region(segment, segment.address(), segment.fileSize()));
            }
        }
        return regions;
    }

    private static List<Region> withoutBytes(ElfFile file) {
        List<Region> regions = new ArrayList<>();
        long offset = 0;
        for (Section section : file.sections()) {
            if (section.isExecutable() && section.size() > 0) {
                regions.add(new Region(section.address(), section.size(), offset));
                offset += section.size();
            }
        }
        return regions;
    }

    private static Region region(Segment segment, long address, long size) {
        long into = address - segment.address();
        long rest = segment.fileSize() - into;
        return new Region(
                address,
                Long.compareUnsigned(size, rest) < 0 ? size : rest,
                segment.offset() + into);
    }

    private static boolean isAfter(Region region, Region last) {
        return Long.compareUnsigned(region.address() - last.address(), last.size()) >= 0;
    }

    /// The number of the region that holds `address`, or -1.
    int find(long address) {
        int low = 0;
        int high = addresses.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(addresses[middle], address) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high >= 0 && Long.compareUnsigned(address - addresses[high], sizes[high]) < 0
                ? high
                : -1;
    }

    /// File offset of `address` in that region.
    long offsetOf(int region, long address) {
        return address - addresses[region] + offsets[region];
    }

    /// Finds addresses of offsets.
    LongUnaryOperator addressesOfOffsets() {
        Integer[] order = new Integer[offsets.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compareUnsigned(offsets[a], offsets[b]));
        return offset -> {
            int low = 0;
            int high = order.length - 1;
            while (low <= high) {
                int middle = (low + high) >>> 1;
                if (Long.compareUnsigned(offsets[order[middle]], offset) <= 0) {
                    low = middle + 1;
                } else {
                    high = middle - 1;
                }
            }
            int region = high < 0 ? -1 : order[high];
            return region >= 0 && Long.compareUnsigned(offset - offsets[region], sizes[region]) < 0
                    ? offset - offsets[region] + addresses[region]
                    : ElfFile.NOWHERE;
        };
    }

    /// Bytes from `address` to the end of that region.
    long restFrom(int region, long address) {
        return sizes[region] - (address - addresses[region]);
    }
}
