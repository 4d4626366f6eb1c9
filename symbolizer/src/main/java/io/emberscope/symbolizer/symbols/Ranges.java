package io.emberscope.symbolizer.symbols;

import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;

/// Ranges in any order, which become sorted ones that do not overlap: a byte belongs to the range
/// that was told first. They are sorted in runs, which are merged at the end.
final class Ranges implements AutoCloseable {
    private static final int RUN_MIN = 1024;
    private static final int RUN_MAX = 64 * 1024;
    private static final int RECORD_BYTES = 2 * Long.BYTES + 4 * Integer.BYTES;

    private final String what;
    private final int countMax;
    private final Spill spill;
    private final IntList runs = new IntList();
    private int count;

    // The run that is being told.
    private int filled;
    private long[] starts = new long[RUN_MIN];
    private long[] lasts = new long[RUN_MIN];
    private int[] nodes = new int[RUN_MIN];
    private int[] texts = new int[RUN_MIN];
    private int[] lines = new int[RUN_MIN];

    /// @param what they are, for errors
    /// @param path of the file that may be needed
    Ranges(String what, int countMax, Disk disk, Path path) {
        this.what = what;
        this.countMax = countMax;
        this.spill = new Spill(disk, path);
    }

    void add(long start, long last, int node, int text, int line) throws IOException {
        SymbolLimits.check(what, count + 1L, countMax);
        if (filled == RUN_MAX) {
            endRun();
        } else if (filled == starts.length) {
            starts = Arrays.copyOf(starts, 2 * filled);
            lasts = Arrays.copyOf(lasts, 2 * filled);
            nodes = Arrays.copyOf(nodes, 2 * filled);
            texts = Arrays.copyOf(texts, 2 * filled);
            lines = Arrays.copyOf(lines, 2 * filled);
        }
        starts[filled] = start;
        lasts[filled] = last;
        nodes[filled] = node;
        texts[filled] = text;
        lines[filled] = line;
        filled++;
        count++;
    }

    /// Whether they are more than one run.
    boolean areMany() {
        return runs.size() > 0;
    }

    private void endRun() throws IOException {
        int[] order =
                IndexSort.sorted(filled, (i, j) -> Long.compareUnsigned(starts[i], starts[j]));
        for (int i : order) {
            spill.room(RECORD_BYTES)
                    .putLong(starts[i])
                    .putLong(lasts[i])
                    .putInt(nodes[i])
                    .putInt(texts[i])
                    .putInt(lines[i])
                    .putInt(count - filled + i);
        }
        runs.add(filled);
        filled = 0;
    }

    /// Passes what they become, in the order of addresses. To be called once, when all are told.
    void forEach(RangeVisitor visitor) throws IOException {
        endRun();
        forgetRun();
        Merge<Run> merge =
                new Merge<>(
                        Comparator.<Run>comparingLong(run -> run.start ^ Long.MIN_VALUE)
                                .thenComparingInt(run -> run.sequence));
        int bufferBytes = Merge.bufferBytes(runs.size()) / RECORD_BYTES * RECORD_BYTES;
        long position = 0;
        for (int i = 0; i < runs.size(); i++) {
            long end = position + (long) runs.get(i) * RECORD_BYTES;
            merge.add(new Run(spill.reader(position, end, bufferBytes)));
            position = end;
        }
        Overlaps overlaps = new Overlaps(what, visitor);
        for (Run run = merge.next(); run != null; run = merge.next()) {
            overlaps.add(run.start, run.last, run.sequence, run.node, run.text, run.line);
        }
        overlaps.finish();
    }

    private void forgetRun() {
        starts = new long[0];
        lasts = new long[0];
        nodes = new int[0];
        texts = new int[0];
        lines = new int[0];
    }

    @Override
    public void close() throws IOException {
        spill.close();
    }

    private static final class Run implements Merge.Run {
        private final Spill.Reader reader;
        long start;
        long last;
        int node;
        int text;
        int line;
        int sequence;

        Run(Spill.Reader reader) {
            this.reader = reader;
        }

        @Override
        public boolean advance() throws IOException {
            if (!reader.hasRemaining()) {
                return false;
            }
            ByteBuffer record = reader.next(RECORD_BYTES);
            start = record.getLong();
            last = record.getLong();
            node = record.getInt();
            text = record.getInt();
            line = record.getInt();
            sequence = record.getInt();
            return true;
        }
    }
}
