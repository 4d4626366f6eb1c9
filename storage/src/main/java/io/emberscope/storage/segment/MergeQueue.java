package io.emberscope.storage.segment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The sources of a merge in the order of the rows that they are at. They are few, and one that
/// moved mostly stays first, so a list does.
final class MergeQueue<C> {
    private final Comparator<C> order;

    /// The first one last.
    private final List<C> cursors = new ArrayList<>();

    MergeQueue(Comparator<C> order) {
        this.order = order;
    }

    boolean isEmpty() {
        return cursors.isEmpty();
    }

    /// The one whose row is next.
    C first() {
        return cursors.getLast();
    }

    void add(C cursor) {
        cursors.add(cursor);
        moved();
    }

    C removeFirst() {
        return cursors.removeLast();
    }

    /// The first one is at another row now.
    void moved() {
        int place = cursors.size() - 1;
        C moved = cursors.get(place);
        while (place > 0 && order.compare(moved, cursors.get(place - 1)) > 0) {
            cursors.set(place, cursors.get(place - 1));
            place--;
        }
        cursors.set(place, moved);
    }
}
