package io.emberscope.storage;

import io.emberscope.storage.segment.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The current [Snapshot], and the segments that went out of it while queries still read them.
final class Snapshots {
    private final Queue<Segment> unheld = new ConcurrentLinkedQueue<>();
    private List<Segment> merging = List.of();
    private volatile Snapshot current;

    Snapshots(Snapshot first) {
        current = first;
    }

    Snapshot current() {
        return current;
    }

    /// Replaces the snapshot by one that is made from it.
    synchronized Snapshot update(UnaryOperator<Snapshot> change) {
        Snapshot next = change.apply(current);
        current = next;
        return next;
    }

    /// Takes a segment out. Its files may go once it comes out of [#pollUnheld].
    ///
    /// @return false if it is being merged and has to wait, or went into another one meanwhile
    synchronized boolean retire(Segment segment) {
        if (merging.contains(segment) || !current.segments().contains(segment)) {
            return false;
        }
        update(snapshot -> snapshot.without(segment));
        release(segment);
        return true;
    }

    /// Keeps segments where they are until [#merged] or [#notMerged].
    ///
    /// @return false if one of them is not there any more
    synchronized boolean startMerge(List<Segment> sources) {
        if (!current.segments().containsAll(sources)) {
            return false;
        }
        merging = List.copyOf(sources);
        return true;
    }

    /// Puts one segment in the place of those that were merged.
    synchronized void merged(Segment segment) {
        List<Segment> sources = merging;
        update(snapshot -> snapshot.merged(sources, segment));
        merging = List.of();
        sources.forEach(this::release);
    }

    /// The segments stay what they are.
    synchronized void notMerged() {
        merging = List.of();
    }

    /// A retired segment that nobody reads any more, or null.
    @Nullable Segment pollUnheld() {
        return unheld.poll();
    }

    /// The current snapshot, whose files stay until the hold is closed.
    Hold hold() {
        while (true) {
            Snapshot snapshot = current;
            List<Segment> held = new ArrayList<>();
            boolean whole = true;
            for (Segment segment : snapshot.segments()) {
                if (!segment.retain()) {
                    // It went while we looked; the snapshot without it is there already.
                    whole = false;
                    break;
                }
                held.add(segment);
            }
            if (whole) {
                return new Hold(snapshot, held);
            }
            held.forEach(this::release);
        }
    }

    private void release(Segment segment) {
        if (segment.release()) {
            unheld.add(segment);
        }
    }

    /// A snapshot that is being read.
    final class Hold implements AutoCloseable {
        private final Snapshot snapshot;
        private final List<Segment> held;

        private Hold(Snapshot snapshot, List<Segment> held) {
            this.snapshot = snapshot;
            this.held = held;
        }

        Snapshot snapshot() {
            return snapshot;
        }

        @Override
        public void close() {
            held.forEach(Snapshots.this::release);
        }
    }
}
