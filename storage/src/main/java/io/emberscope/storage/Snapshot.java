package io.emberscope.storage;

import io.emberscope.storage.query.SampleSource;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentDirectory.Unreadable;
import io.emberscope.storage.window.Window;
import java.util.ArrayList;
import java.util.List;

/// What the store holds at one moment: every batch in exactly one place. A query reads one snapshot
/// from start to end, so it never sees a batch twice or not at all while a window becomes a
/// segment.
///
/// @param segments oldest first
/// @param unreadable segments that could not be opened
/// @param frozen windows that become segments, oldest first
/// @param active the window that takes batches
record Snapshot(
        List<Segment> segments, List<Unreadable> unreadable, List<Frozen> frozen, Window active) {
    Snapshot {
        segments = List.copyOf(segments);
        unreadable = List.copyOf(unreadable);
        frozen = List.copyOf(frozen);
    }

    /// A window that takes no more batches.
    ///
    /// @param window the window
    /// @param seen which batches were stored when it was frozen, encoded
    /// @param replayed whether its batches came from the log of an earlier process, so that only
    ///   the segment makes them surely durable
    record Frozen(Window window, byte[] seen, boolean replayed) {}

    Snapshot freeze(byte[] seen, boolean replayed, long nextSequence) {
        List<Frozen> more = new ArrayList<>(frozen);
        more.add(new Frozen(active, seen, replayed));
        return new Snapshot(segments, unreadable, more, new Window(nextSequence));
    }

    /// The oldest frozen window is now this segment.
    Snapshot published(Segment segment) {
        List<Segment> more = new ArrayList<>(segments);
        more.add(segment);
        return new Snapshot(more, unreadable, frozen.subList(1, frozen.size()), active);
    }

    /// These neighbours are now one segment.
    Snapshot merged(List<Segment> sources, Segment segment) {
        List<Segment> fewer = new ArrayList<>(segments);
        int place = fewer.indexOf(sources.getFirst());
        fewer.removeAll(sources);
        fewer.add(place, segment);
        return new Snapshot(fewer, unreadable, frozen, active);
    }

    Snapshot without(Segment segment) {
        List<Segment> fewer = new ArrayList<>(segments);
        fewer.remove(segment);
        return new Snapshot(fewer, unreadable, frozen, active);
    }

    /// All windows, newest first.
    List<Window> windows() {
        List<Window> windows = new ArrayList<>();
        windows.add(active);
        for (int i = frozen.size() - 1; i >= 0; i--) {
            windows.add(frozen.get(i).window());
        }
        return windows;
    }

    /// All sources, newest first.
    List<SampleSource> sources() {
        List<SampleSource> sources = new ArrayList<>(windows());
        for (int i = segments.size() - 1; i >= 0; i--) {
            sources.add(segments.get(i));
        }
        return sources;
    }

    /// Memory of all windows, estimated.
    long windowBytes() {
        long sum = active.bytes();
        for (Frozen one : frozen) {
            sum += one.window.bytes();
        }
        return sum;
    }

    boolean hasReplayed() {
        return frozen.stream().anyMatch(Frozen::replayed);
    }
}
