package io.emberscope.symbolizer.dwarf;

/// Sorts numbers of things by their keys, which are mostly in order already: merges runs. Keys are
/// unsigned, and things of the same key stay in their order.
final class NaturalSort {
    /// Fills `order` with `0..count-1`, by the keys.
    static void order(long[] keys, int count, int[] order) {
        boolean sorted = true;
        for (int i = 0; i < count; i++) {
            order[i] = i;
            sorted &= i == 0 || Long.compareUnsigned(keys[i - 1], keys[i]) <= 0;
        }
        if (sorted) {
            return;
        }
        int[] from = order;
        int[] to = new int[count];
        boolean isElsewhere = false;
        while (true) {
            int runs = 0;
            int at = 0;
            while (at < count) {
                int middle = endOfRun(keys, from, at, count);
                int end = middle == count ? count : endOfRun(keys, from, middle, count);
                merge(keys, from, at, middle, end, to);
                at = end;
                runs++;
            }
            int[] merged = to;
            to = from;
            from = merged;
            isElsewhere = !isElsewhere;
            if (runs == 1) {
                break;
            }
        }
        if (isElsewhere) {
            System.arraycopy(from, 0, order, 0, count);
        }
    }

    private static int endOfRun(long[] keys, int[] order, int start, int count) {
        int at = start + 1;
        while (at < count && Long.compareUnsigned(keys[order[at - 1]], keys[order[at]]) <= 0) {
            at++;
        }
        return at;
    }

    private static void merge(long[] keys, int[] from, int start, int middle, int end, int[] to) {
        int left = start;
        int right = middle;
        for (int at = start; at < end; at++) {
            if (right == end
                    || (left < middle
                            && Long.compareUnsigned(keys[from[left]], keys[from[right]]) <= 0)) {
                to[at] = from[left++];
            } else {
                to[at] = from[right++];
            }
        }
    }

    private NaturalSort() {}
}
