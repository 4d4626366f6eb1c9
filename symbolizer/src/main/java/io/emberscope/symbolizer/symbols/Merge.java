package io.emberscope.symbolizer.symbols;

import java.io.IOException;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// Goes through sorted runs as if they were one; of equal things those of the earlier run come
/// first.
final class Merge<R extends Merge.Run> {
    /// Memory for reading all runs, if they are not very many.
    private static final int BUFFERS_BYTES = 2 << 20;

    private static final int BUFFER_BYTES_MIN = 1024;

    /// A sorted run, at one of its things.
    interface Run {
        /// Goes to the next thing.
        ///
        /// @return false if there is none
        boolean advance() throws IOException;
    }

    private final Comparator<R> order;
    private final PriorityQueue<R> others;
    private @Nullable R first;

    /// @param order of what runs are at, then of runs
    Merge(Comparator<R> order) {
        this.order = order;
        this.others = new PriorityQueue<>(order);
    }

    /// Memory with which each of so many runs is to be read.
    static int bufferBytes(int runs) {
        return Math.clamp(BUFFERS_BYTES / Math.max(1, runs), BUFFER_BYTES_MIN, Spill.BUFFER_BYTES);
    }

    /// Adds a run that is before its first thing.
    void add(R run) throws IOException {
        if (run.advance()) {
            others.add(run);
        }
    }

    /// The run that is at the first thing of all; null if there are no more.
    @Nullable R next() throws IOException {
        R before = first;
        if (before != null && before.advance()) {
            R other = others.peek();
            if (other == null || order.compare(before, other) < 0) {
                return before; // as a rule: runs hardly overlap
            }
            others.add(before);
        }
        first = others.poll();
        return first;
    }
}
