package io.emberscope.symbolizer.jit;

import java.util.Arrays;
import java.util.List;

/// A function that a run time made, and how many ranges are known by it.
final class JitFunction {
    private static final int BYTES = 96;
    private static final int BYTES_PER_LINE = 3 * Integer.BYTES;
    private static final int BYTES_PER_FILE = 72;

    /// Where lines begin: pairs of parallel arrays.
    ///
    /// @param offsets in bytes from the start of the function, in order
    /// @param lines from 1
    /// @param fileNumbers of the files
    record Lines(int[] offsets, int[] lines, int[] fileNumbers, List<String> files) {
        static final Lines NONE = new Lines(new int[0], new int[0], new int[0], List.of());

        private long bytes() {
            long texts = files.stream().mapToLong(file -> BYTES_PER_FILE + file.length()).sum();
            return (long) BYTES_PER_LINE * offsets.length + texts;
        }
    }

    final long start;
    final long sinceNanos;
    final long number;
    final Lines lines;
    int uses;
    private final String name;

    /// @param sinceNanos when it was made, on the clock of the samples
    /// @param number that the run time knows it by
    JitFunction(long start, long sinceNanos, long number, String name, Lines lines) {
        this.start = start;
        this.sinceNanos = sinceNanos;
        this.number = number;
        this.name = name;
        this.lines = lines;
    }

    /// The same at another place.
    JitFunction movedTo(long place, long atNanos) {
        return new JitFunction(place, atNanos, number, name, lines);
    }

    /// Memory it takes, counted as if nothing were shared.
    long bytes() {
        return BYTES + 2L * name.length() + lines.bytes();
    }

    JitFrame frame(long address) {
        long into = address - start;
        int key = (int) Math.min(into, Integer.MAX_VALUE);
        int found = Arrays.binarySearch(lines.offsets, key);
        int row = found >= 0 ? found : -found - 2;
        return row < 0
                ? new JitFrame(name, "", 0)
                : new JitFrame(name, lines.files.get(lines.fileNumbers[row]), lines.lines[row]);
    }
}
