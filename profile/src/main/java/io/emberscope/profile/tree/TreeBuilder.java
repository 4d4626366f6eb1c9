package io.emberscope.profile.tree;

import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import java.io.IOException;
import java.util.Arrays;

/// Builds all nodes of a profile's tree, in pre-order.
///
/// The stacks below a node are one range of an array. Taking a node, its range is sorted by the
/// next function, which makes each child a smaller range; so nothing is looked up, only stacks that
/// still differ are sorted, and a stack that is alone costs one step a level.
final class TreeBuilder {
    private static final int INSERTION_SORT_MAX = 16;

    // The places of stack s, outermost first: paths[starts[s]..starts[s + 1]).
    private final int[] starts;
    private final int[] paths;
    private final long[] values;
    private final Functions functions;
    private final Sources sources;
    private final MemoryBudget budget;

    // One for each stack: the function at the level at hand + 1 (0 where the stack has ended) in
    // the upper half, the stack in the lower.
    private final long[] keys;

    // Ranges still to be taken, the next one last.
    private int[] pendingFrom = new int[64];
    private int[] pendingTo = new int[64];
    private int[] pendingLevel = new int[64];
    private int[] pendingFunction = new int[64];
    private long[] pendingTotal = new long[64];
    private int pending;

    // Children of the node at hand.
    private int[] childFrom = new int[16];
    private int[] childTo = new int[16];
    private int[] childFunction = new int[16];
    private long[] childTotal = new long[16];
    private int[] childOrder = new int[16];
    private int[] childScratch = new int[16];
    private int children;

    TreeBuilder(MergedProfile profile, Functions functions, Sources sources, MemoryBudget budget)
            throws IOException {
        this.functions = functions;
        this.sources = sources;
        this.budget = budget;
        int count = 0;
        int depths = 0;
        CheckedSum total = new CheckedSum();
        for (int i = 0; i < profile.values().length; i++) {
            long value = profile.values()[i];
            total.add(value);
            if (value > 0) {
                count++;
                depths = Math.addExact(depths, functions.depth(profile.stacks().get(i)));
            }
        }
        budget.reserve(bytes(count, depths));
        starts = new int[count + 1];
        paths = new int[depths];
        values = new long[count];
        keys = new long[count];
        int stack = 0;
        for (int i = 0; i < profile.values().length; i++) {
            if (profile.values()[i] > 0) {
                values[stack] = profile.values()[i];
                keys[stack] = stack;
                int end = functions.expand(profile.stacks().get(i), paths, starts[stack]);
                reverse(paths, starts[stack], end);
                starts[++stack] = end;
            }
        }
    }

    Nodes build() throws IOException {
        Nodes nodes = new Nodes(values.length, sources.areKnown());
        budget.reserve(nodes.bytes());
        divide(0, keys.length, 0);
        pushChildren(0);
        while (pending > 0) {
            pending--;
            int level = pendingLevel[pending];
            int function = pendingFunction[pending];
            long total = pendingTotal[pending];
            findSources(pendingFrom[pending], pendingTo[pending], level);
            long self = divide(pendingFrom[pending], pendingTo[pending], level + 1);
            nodes.countNext(budget);
            nodes.add(level, function, total, self);
            sources.putTo(nodes);
            pushChildren(level + 1);
        }
        budget.release(bytes(values.length, paths.length));
        return nodes;
    }

    private static long bytes(int stacks, int depths) {
        return stacks * (long) (Integer.BYTES + 2 * Long.BYTES) + depths * (long) Integer.BYTES;
    }

    /// Finds where in the source the node is whose stacks are the range.
    private void findSources(int from, int to, int level) {
        sources.begin();
        for (int i = from; sources.areKnown() && i < to; i++) {
            sources.add(paths[starts[(int) keys[i]] + level]);
        }
    }

    /// Finds the children of the node whose stacks are the range; their functions are at `level`.
    /// Returns the sum of the stacks that end in the node.
    private long divide(int from, int to, int level) {
        boolean same = true;
        for (int i = from; i < to; i++) {
            int stack = (int) keys[i];
            int at = starts[stack] + level;
            long next = at < starts[stack + 1] ? functions.at(paths[at]) + 1L : 0;
            keys[i] = next << Integer.SIZE | stack;
            same &= keys[i] >>> Integer.SIZE == keys[from] >>> Integer.SIZE;
        }
        if (!same) {
            Arrays.sort(keys, from, to);
        }
        children = 0;
        long self = 0;
        int start = from;
        while (start < to) {
            long next = keys[start] >>> Integer.SIZE;
            long total = 0;
            int end = start;
            while (end < to && keys[end] >>> Integer.SIZE == next) {
                total += values[(int) keys[end]];
                end++;
            }
            if (next == 0) {
                self = total;
            } else {
                addChild(start, end, (int) (next - 1), total);
            }
            start = end;
        }
        return self;
    }

    private void addChild(int from, int to, int function, long total) {
        if (children == childFrom.length) {
            int room = children * 2;
            childFrom = Arrays.copyOf(childFrom, room);
            childTo = Arrays.copyOf(childTo, room);
            childFunction = Arrays.copyOf(childFunction, room);
            childTotal = Arrays.copyOf(childTotal, room);
            childOrder = new int[room];
            childScratch = new int[room];
        }
        childFrom[children] = from;
        childTo[children] = to;
        childFunction[children] = function;
        childTotal[children] = total;
        children++;
    }

    private void pushChildren(int level) {
        sortChildren();
        int needed = pending + children;
        if (needed > pendingFrom.length) {
            int room = Math.max(needed, pendingFrom.length * 2);
            pendingFrom = Arrays.copyOf(pendingFrom, room);
            pendingTo = Arrays.copyOf(pendingTo, room);
            pendingLevel = Arrays.copyOf(pendingLevel, room);
            pendingFunction = Arrays.copyOf(pendingFunction, room);
            pendingTotal = Arrays.copyOf(pendingTotal, room);
        }
        for (int i = children - 1; i >= 0; i--) {
            int child = childOrder[i];
            pendingFrom[pending] = childFrom[child];
            pendingTo[pending] = childTo[child];
            pendingLevel[pending] = level;
            pendingFunction[pending] = childFunction[child];
            pendingTotal[pending] = childTotal[child];
            pending++;
        }
    }

    /// Orders the children by total, the largest first. Functions are numbered by name, so children
    /// come by name already, and a stable sort keeps that among equals.
    private void sortChildren() {
        for (int i = 0; i < children; i++) {
            childOrder[i] = i;
        }
        for (int from = 0; from < children; from += INSERTION_SORT_MAX) {
            insertionSort(from, Math.min(children, from + INSERTION_SORT_MAX));
        }
        for (int width = INSERTION_SORT_MAX; width < children; width *= 2) {
            for (int from = 0; from < children; from += 2 * width) {
                merge(from, Math.min(children, from + width), Math.min(children, from + 2 * width));
            }
            int[] merged = childScratch;
            childScratch = childOrder;
            childOrder = merged;
        }
    }

    private void insertionSort(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            int child = childOrder[i];
            int place = i;
            while (place > from && childTotal[childOrder[place - 1]] < childTotal[child]) {
                childOrder[place] = childOrder[place - 1];
                place--;
            }
            childOrder[place] = child;
        }
    }

    private void merge(int from, int middle, int to) {
        int left = from;
        int right = middle;
        for (int i = from; i < to; i++) {
            boolean takeLeft =
                    left < middle
                            && (right == to
                                    || childTotal[childOrder[left]]
                                            >= childTotal[childOrder[right]]);
            childScratch[i] = childOrder[takeLeft ? left++ : right++];
        }
    }

    private static void reverse(int[] array, int from, int to) {
        for (int i = from, j = to - 1; i < j; i++, j--) {
            int swapped = array[i];
            array[i] = array[j];
            array[j] = swapped;
        }
    }
}
