package io.emberscope.symbolizer.symbols;

/// Sorts things that are known by their numbers; equal ones stay in their order.
final class IndexSort {
    private IndexSort() {}

    /// Says which of two things comes first.
    interface Order {
        int compare(int first, int second);
    }

    /// The numbers from 0 in order.
    static int[] sorted(int count, Order order) {
        int[] from = new int[count];
        boolean isSorted = true;
        for (int i = 0; i < count; i++) {
            from[i] = i;
            isSorted &= i == 0 || order.compare(i - 1, i) <= 0;
        }
        if (isSorted) {
            return from;
        }
        int[] to = new int[count];
        for (int width = 1; width < count; width *= 2) {
            for (int low = 0; low < count; low += 2 * width) {
                int middle = Math.min(low + width, count);
                merge(from, low, middle, Math.min(middle + width, count), to, order);
            }
            int[] swapped = from;
            from = to;
            to = swapped;
        }
        return from;
    }

    private static void merge(int[] from, int low, int middle, int high, int[] to, Order order) {
        if (middle == high || order.compare(from[middle - 1], from[middle]) <= 0) {
            System.arraycopy(from, low, to, low, high - low);
            return;
        }
        int left = low;
        int right = middle;
        for (int i = low; i < high; i++) {
            boolean takesLeft =
                    right == high || (left < middle && order.compare(from[left], from[right]) <= 0);
            to[i] = takesLeft ? from[left++] : from[right++];
        }
    }
}
