package io.emberscope.symbolizer.jit;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which function generated code of one process belongs to, and belonged to before: run times use
/// the same memory again and again. What was told later is right from then on.
///
/// Addresses are those of the process, unsigned. Beyond what memory allows nothing more is known,
/// not even what was there before, so that no name is wrong. Of code with more functions than there
/// is room for, those at some addresses can be kept. Not safe for use by several threads.
public final class JitCode implements AutoCloseable {
    /// Functions remembered of one range. Who looks up samples does so within seconds.
    private static final int HISTORY_MAX = 4;

    /// Ranges whose history is kept when another one lies over them all; if there are more, their
    /// memory was used for something else as a whole.
    private static final int OVERLAID_MAX = 64;

    private static final int BYTES_PER_RANGE = 160;

    /// Whoever gives the list has one too.
    private static final long BYTES_PER_WANTED = 2 * Long.BYTES;

    private final JitMemory all;
    private final long bytesMax;
    private final TreeMap<Long, Range> ranges = new TreeMap<>(Long::compareUnsigned);

    /// Addresses whose functions are kept, in order, each with its highest bit turned so that they
    /// are; null if all functions are.
    private final long @Nullable [] wanted;

    private long bytes;
    private long leftOut;
    private boolean isClosed;

    /// A range that always belonged to one function as a whole.
    ///
    /// @param last its last byte
    /// @param functions the newest first
    private record Range(long last, JitFunction[] functions) {}

    /// @param all memory of all processes
    /// @param bytesMax of this one
    public JitCode(JitMemory all, long bytesMax) {
        this.all = all;
        this.bytesMax = bytesMax;
        wanted = null;
    }

    /// Keeps only functions that are at some addresses.
    ///
    /// @param all memory of all processes
    /// @param bytesMax of this one, without the addresses
    /// @param addresses in any order
    public JitCode(JitMemory all, long bytesMax, long[] addresses) {
        this.all = all;
        this.bytesMax = bytesMax;
        long[] inOrder = new long[addresses.length];
        Arrays.setAll(inOrder, i -> addresses[i] ^ Long.MIN_VALUE);
        Arrays.sort(inOrder);
        wanted = inOrder;
        all.take(wantedBytes());
    }

    private long wantedBytes() {
        return wanted == null ? 0 : BYTES_PER_WANTED * wanted.length;
    }

    /// Whether a function at an address would be kept.
    public boolean wants(long address) {
        return wanted == null || Arrays.binarySearch(wanted, address ^ Long.MIN_VALUE) >= 0;
    }

    /// What is known of an instruction that ran at a time; null if nothing is.
    ///
    /// @param atNanos on the clock by which functions were told
    public @Nullable JitFrame find(long address, long atNanos) {
        Map.Entry<Long, Range> entry = ranges.floorEntry(address);
        if (entry == null || Long.compareUnsigned(address, entry.getValue().last) > 0) {
            return null;
        }
        for (JitFunction function : entry.getValue().functions) {
            if (function.sinceNanos <= atNanos) {
                return function.frame(address);
            }
        }
        return null;
    }

    /// Ranges with names.
    public int size() {
        return ranges.size();
    }

    /// Memory that its functions take, as far as it is counted.
    public long bytes() {
        return bytes;
    }

    /// Functions that were left out, as there was no room for them.
    public long leftOut() {
        return leftOut;
    }

    /// Whether a function at a place is kept if there is room for it. If it is not, its place is
    /// forgotten as by [#forget].
    ///
    /// @param size in bytes
    boolean keeps(long start, long size) {
        if (wanted == null || size <= 0) {
            return true;
        }
        int found = Arrays.binarySearch(wanted, start ^ Long.MIN_VALUE);
        int first = found >= 0 ? found : -found - 1;
        boolean isWanted =
                first < wanted.length
                        && Long.compareUnsigned(wanted[first] ^ Long.MIN_VALUE, last(start, size))
                                <= 0;
        if (!isWanted) {
            forget(start, size);
        }
        return isWanted;
    }

    /// Says that something unknown is somewhere from now on.
    ///
    /// @param size in bytes
    void forget(long start, long size) {
        if (size > 0) {
            long last = last(start, size);
            cut(start, last);
            drop(start, last);
            clearIfTooLarge();
        }
    }

    private static long last(long start, long size) {
        long last = start + size - 1;
        return Long.compareUnsigned(last, start) < 0 ? -1 : last;
    }

    /// Says that a function is somewhere from now on.
    ///
    /// @param size in bytes; what would reach beyond the last address is cut off
    void add(JitFunction function, long size) {
        if (size <= 0) {
            return;
        }
        long start = function.start;
        long last = last(start, size);
        cut(start, last);
        int under = countUpTo(OVERLAID_MAX + 1, start, last);
        boolean hasHistory = function.sinceNanos != 0 && under <= OVERLAID_MAX;
        long need = function.bytes() + BYTES_PER_RANGE * (hasHistory ? 2L * under + 1 : 1);
        if (bytes + need > bytesMax || !all.hasRoomFor(need)) {
            drop(start, last);
            leftOut++;
            clearIfTooLarge();
            return;
        }
        if (!hasHistory) {
            drop(start, last);
            put(start, new Range(last, new JitFunction[] {function}));
            return;
        }
        long at = start;
        while (true) {
            Map.Entry<Long, Range> next = ranges.ceilingEntry(at);
            boolean isInside = next != null && Long.compareUnsigned(next.getKey(), last) <= 0;
            long free = isInside ? next.getKey() - 1 : last;
            if (!isInside || next.getKey() != at) {
                put(at, new Range(free, new JitFunction[] {function}));
            }
            if (!isInside) {
                return;
            }
            Range before = next.getValue();
            put(next.getKey(), new Range(before.last, with(function, before.functions)));
            if (before.last == last) {
                return;
            }
            at = before.last + 1;
        }
    }

    /// Ranges that begin there; `size()` of a part of a map counts them all.
    private int countUpTo(int max, long start, long last) {
        int count = 0;
        for (var _ : ranges.subMap(start, true, last, true).keySet()) {
            if (++count == max) {
                break;
            }
        }
        return count;
    }

    private static JitFunction[] with(JitFunction newest, JitFunction[] before) {
        int kept = Math.min(before.length, HISTORY_MAX - 1);
        JitFunction[] functions = new JitFunction[kept + 1];
        functions[0] = newest;
        System.arraycopy(before, 0, functions, 1, kept);
        return functions;
    }

    /// The function that is at a place now and begins there; null if none does.
    @Nullable JitFunction startingAt(long address) {
        Range range = ranges.get(address);
        return range != null && range.functions[0].start == address ? range.functions[0] : null;
    }

    /// Forgets everything.
    void clear() {
        ranges.clear();
        all.give(bytes);
        bytes = 0;
    }

    @Override
    public void close() {
        clear();
        all.give(isClosed ? 0 : wantedBytes());
        isClosed = true;
    }

    /// By what was cut in pieces.
    private void clearIfTooLarge() {
        if (bytes > bytesMax) {
            clear();
        }
    }

    private void cut(long start, long last) {
        cutAt(start);
        if (last != -1) {
            cutAt(last + 1);
        }
    }

    /// Makes a range end before an address, and another begin there.
    private void cutAt(long address) {
        Map.Entry<Long, Range> entry = ranges.lowerEntry(address);
        if (entry != null && Long.compareUnsigned(entry.getValue().last, address) >= 0) {
            Range whole = entry.getValue();
            put(address, whole);
            put(entry.getKey(), new Range(address - 1, whole.functions));
        }
    }

    private void drop(long start, long last) {
        var dropped = ranges.subMap(start, true, last, true);
        dropped.values().forEach(this::released);
        dropped.clear();
    }

    private void put(long start, Range range) {
        long more = BYTES_PER_RANGE;
        for (JitFunction function : range.functions) {
            more += function.uses++ == 0 ? function.bytes() : 0;
        }
        bytes += more;
        all.take(more);
        Range before = ranges.put(start, range);
        if (before != null) {
            released(before);
        }
    }

    private void released(Range range) {
        long less = BYTES_PER_RANGE;
        for (JitFunction function : range.functions) {
            less += --function.uses == 0 ? function.bytes() : 0;
        }
        bytes -= less;
        all.give(less);
    }
}
