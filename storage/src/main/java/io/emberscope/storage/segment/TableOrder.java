package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Series;
import java.util.Comparator;

/// How the rows of the tables are sorted; ids decide between equals.
final class TableOrder {
    /// Of samples and series: by profile type, then the labels that are columns.
    static final Comparator<Series> SERIES = series();

    /// Of frames and symbols: by binary and place in it.
    static final Comparator<Frame> FRAMES =
            Comparator.comparing((Frame frame) -> frame.kind().text())
                    .thenComparing(Frame::buildId)
                    .thenComparing(Frame::binary)
                    .thenComparingLong(Frame::offset);

    private TableOrder() {}

    /// Of stacks: by their frames from the root, so that neighbours share most.
    ///
    /// @param a holds the frames of one stack, leaf first, in `aFrom` up to `aTo`
    static int compareStacks(long[] a, int aFrom, int aTo, long[] b, int bFrom, int bTo) {
        int shorter = Math.min(aTo - aFrom, bTo - bFrom);
        for (int i = 1; i <= shorter; i++) {
            int order = Long.compare(a[aTo - i], b[bTo - i]);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(aTo - aFrom, bTo - bFrom);
    }

    private static Comparator<Series> series() {
        Comparator<Series> order = Comparator.comparing(series -> series.type().id());
        for (String label : Tables.LABEL_COLUMNS) {
            order = order.thenComparing(series -> series.labels().get(label));
        }
        return order;
    }
}
