package io.emberscope.profile.tree;

import io.emberscope.profile.MemoryBudget;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Growing columns of nodes in pre-order.
final class Nodes {
    /// The function of a node that stands for hidden ones.
    static final int NO_FUNCTION = -1;

    private static final int SIZE_MAX = Integer.MAX_VALUE - 8;

    /// Memory of a node in the columns that every node has.
    private static final int BYTES_EACH = 2 * Integer.BYTES + 2 * Long.BYTES;

    private int[] levels;
    private long[] totals;
    private long[] selves;
    private int[] functions;
    private int[] hidden = {};
    private int size;

    Nodes(int capacity) {
        int room = Math.max(16, capacity);
        levels = new int[room];
        totals = new long[room];
        selves = new long[room];
        functions = new int[room];
    }

    /// Adds a node that shows a function.
    void add(int level, int function, long total, long self) {
        if (size == levels.length) {
            grow();
        }
        levels[size] = level;
        functions[size] = function;
        totals[size] = total;
        selves[size] = self;
        size++;
    }

    /// Adds a node that stands for `count` hidden ones.
    void addHidden(int level, int count, long total) {
        add(level, NO_FUNCTION, total, 0);
        if (hidden.length < size) {
            hidden = Arrays.copyOf(hidden, levels.length);
        }
        hidden[size - 1] = count;
    }

    /// Memory that columns for so many nodes take.
    static long bytes(int room) {
        return (long) room * BYTES_EACH;
    }

    /// Memory that the columns take.
    long bytes() {
        return bytes(levels.length);
    }

    /// Counts what the columns grow by if the next node makes them grow.
    void countNext(MemoryBudget budget) throws IOException {
        if (size == levels.length) {
            budget.reserve(bytes(grownRoom()));
            budget.release(bytes());
        }
    }

    int size() {
        return size;
    }

    int level(int node) {
        return levels[node];
    }

    long total(int node) {
        return totals[node];
    }

    long self(int node) {
        return selves[node];
    }

    int function(int node) {
        return functions[node];
    }

    int hidden(int node) {
        return node < hidden.length ? hidden[node] : 0;
    }

    /// A copy of the totals.
    long[] copyOfTotals() {
        return Arrays.copyOf(totals, size);
    }

    /// Adds to the total of a node.
    void addToTotal(int node, long more) {
        totals[node] = Math.addExact(totals[node], more);
    }

    /// The parent of each node, or -1.
    int[] parents() {
        int[] parents = new int[size];
        int[] path = new int[16];
        for (int i = 0; i < size; i++) {
            int level = levels[i];
            if (level == path.length) {
                path = Arrays.copyOf(path, level * 2);
            }
            path[level] = i;
            parents[i] = level == 0 ? -1 : path[level - 1];
        }
        return parents;
    }

    /// Numbers the functions that nodes show in the order of their first node, and returns them.
    List<Function> renumberFunctions(Functions all) {
        int[] numbers = new int[all.size()];
        List<Function> used = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            int function = functions[i];
            if (function == NO_FUNCTION) {
                continue;
            }
            if (numbers[function] == 0) {
                used.add(all.get(function));
                numbers[function] = used.size();
            }
            functions[i] = numbers[function] - 1;
        }
        return used;
    }

    private void grow() {
        if (size == SIZE_MAX) {
            throw new IllegalStateException("nodes: (expected: at most " + SIZE_MAX + ")");
        }
        int room = grownRoom();
        levels = Arrays.copyOf(levels, room);
        totals = Arrays.copyOf(totals, room);
        selves = Arrays.copyOf(selves, room);
        functions = Arrays.copyOf(functions, room);
    }

    private int grownRoom() {
        return (int) Math.min(SIZE_MAX, size * 2L);
    }
}
