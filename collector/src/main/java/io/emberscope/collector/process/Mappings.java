package io.emberscope.collector.process;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The executable mappings of one process, found by address. Not safe for use by several threads.
///
/// A forked child shares its parent's until one of them changes ([#share], [#writable]). New
/// mappings go to a short unsorted tail, because most processes have a handful and die; a full tail
/// is merged into the sorted part in one pass. Where mappings overlap the newer one wins, as in the
/// kernel.
public final class Mappings {
    /// Most mappings of one process.
    public static final int MAPPINGS_MAX = 50_000;

    private static final int TAIL_MAX = 32;
    private static final int CAPACITY_MIN = 8;
    private static final long[] NO_LONGS = {};
    private static final @Nullable Binary[] NO_BINARIES = {};

    private static final AtomicInteger VERSIONS = new AtomicInteger();

    private long[] starts;
    private long[] ends;
    private long[] offsets;
    private @Nullable Binary[] binaries;
    private int sorted;
    private int size;
    private int owners = 1;
    private int version;

    Mappings() {
        starts = NO_LONGS;
        ends = NO_LONGS;
        offsets = NO_LONGS;
        binaries = NO_BINARIES;
    }

    private Mappings(int capacity) {
        starts = new long[capacity];
        ends = new long[capacity];
        offsets = new long[capacity];
        binaries = new @Nullable Binary[capacity];
    }

    /// The index of the mapping that covers an address, or -1.
    public int find(long address) {
        for (int i = size - 1; i >= sorted; i--) {
            if (address >= starts[i] && address < ends[i]) {
                return i;
            }
        }
        int low = 0;
        int high = sorted - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (address < starts[middle]) {
                high = middle - 1;
            } else if (address >= ends[middle]) {
                low = middle + 1;
            } else {
                return middle;
            }
        }
        return -1;
    }

    /// What a found mapping maps.
    public Binary binary(int index) {
        Binary binary = binaries[index];
        return binary == null ? Binary.UNKNOWN : binary;
    }

    /// The place of an address of a found mapping in its file.
    public long fileOffset(int index, long address) {
        return address - starts[index] + offsets[index];
    }

    /// First address of a found mapping.
    public long start(int index) {
        return starts[index];
    }

    /// Address after the last of a found mapping.
    public long end(int index) {
        return ends[index];
    }

    /// How many mappings there are. Overlapped ones in the tail count until they are merged.
    public int size() {
        return size;
    }

    /// Changes with what is mapped; no two that differ have had the same.
    public int version() {
        return version;
    }

    /// These mappings for one more process.
    Mappings share() {
        owners++;
        return this;
    }

    /// Mappings that only the caller has, with this content.
    Mappings writable() {
        if (owners == 1) {
            return this;
        }
        owners--;
        Mappings copy = new Mappings(Math.max(CAPACITY_MIN, size + 4));
        System.arraycopy(starts, 0, copy.starts, 0, size);
        System.arraycopy(ends, 0, copy.ends, 0, size);
        System.arraycopy(offsets, 0, copy.offsets, 0, size);
        System.arraycopy(binaries, 0, copy.binaries, 0, size);
        copy.sorted = sorted;
        copy.size = size;
        copy.version = version;
        return copy;
    }

    /// Ends one process's use.
    ///
    /// @return whether it was the last
    boolean release() {
        owners--;
        return owners == 0;
    }

    boolean isShared() {
        return owners > 1;
    }

    /// Adds a mapping, which hides what was at its addresses.
    ///
    /// @param offset place in the file of the first address
    /// @return false if there is no room
    boolean add(long start, long end, long offset, Binary binary) {
        if (start >= end) {
            return true;
        }
        int there = find(start);
        if (there >= 0
                && starts[there] == start
                && ends[there] == end
                && offsets[there] == offset
                && binaries[there] == binary) {
            return true;
        }
        if (size - sorted == TAIL_MAX) {
            merge();
        }
        if (size >= MAPPINGS_MAX) {
            return false;
        }
        append(start, end, offset, binary);
        version = VERSIONS.incrementAndGet();
        if (sorted == size - 1 && (sorted == 0 || start >= ends[sorted - 1])) {
            sorted = size;
        }
        return true;
    }

    private void append(long start, long end, long offset, @Nullable Binary binary) {
        if (size == starts.length) {
            int capacity = Math.max(CAPACITY_MIN, size * 2);
            starts = Arrays.copyOf(starts, capacity);
            ends = Arrays.copyOf(ends, capacity);
            offsets = Arrays.copyOf(offsets, capacity);
            binaries = Arrays.copyOf(binaries, capacity);
        }
        starts[size] = start;
        ends[size] = end;
        offsets[size] = offset;
        binaries[size] = binary;
        size++;
    }

    /// Makes the tail part of the sorted mappings: all are in order of their addresses then, and
    /// none overlap.
    public void merge() {
        if (size == sorted) {
            return;
        }
        Mappings newer = new Mappings();
        for (int i = size - 1; i >= sorted; i--) {
            newer = overlay(this, i, i + 1, newer);
        }
        Mappings merged = overlay(this, 0, sorted, newer);
        starts = merged.starts;
        ends = merged.ends;
        offsets = merged.offsets;
        binaries = merged.binaries;
        size = merged.size;
        sorted = size;
    }

    /// What a range of sorted mappings looks like with newer ones, also sorted, on top.
    private static Mappings overlay(Mappings older, int from, int to, Mappings newer) {
        Mappings out = new Mappings(Math.max(CAPACITY_MIN, to - from + newer.size + 4));
        int i = from;
        int j = 0;
        long free = Long.MIN_VALUE;
        while (i < to || j < newer.size) {
            long start = i < to ? Math.max(older.starts[i], free) : Long.MAX_VALUE;
            if (i < to && start >= older.ends[i]) {
                i++;
            } else if (j < newer.size && newer.starts[j] <= start) {
                out.append(newer.starts[j], newer.ends[j], newer.offsets[j], newer.binaries[j]);
                free = newer.ends[j];
                j++;
            } else {
                boolean cut = j < newer.size && newer.starts[j] < older.ends[i];
                long end = cut ? newer.starts[j] : older.ends[i];
                out.append(
                        start,
                        end,
                        older.offsets[i] + (start - older.starts[i]),
                        older.binaries[i]);
                free = end;
            }
        }
        out.sorted = out.size;
        return out;
    }
}
