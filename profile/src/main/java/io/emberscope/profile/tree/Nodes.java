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

    /// Memory of a node in the columns of its source.
    private static final int SOURCE_BYTES = 3 * Integer.BYTES + 1;

    private final boolean hasSources;
    private int[] levels;
    private long[] totals;
    private long[] selves;
    private int[] functions;
    // Of the source; empty without sources.
    private int[] files;
    private int[] lines;
    private int[] lastLines;
    private byte[] inlinings;
    private int[] hidden = {};
    private int size;

    /// @param hasSources whether it is known of any node where in the source it is
    Nodes(int capacity, boolean hasSources) {
        this.hasSources = hasSources;
        int room = Math.max(16, capacity);
        levels = new int[room];
        totals = new long[room];
        selves = new long[room];
        functions = new int[room];
        int sourceRoom = hasSources ? room : 0;
        files = new int[sourceRoom];
        lines = new int[sourceRoom];
        lastLines = new int[sourceRoom];
        inlinings = new byte[sourceRoom];
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

    /// Says where in the source a node is.
    ///
    /// @param file its number, or [Sources#NO_FILE]
    /// @param line lowest line, or 0
    /// @param lastLine highest line, or 0
    void source(int node, int file, int line, int lastLine, Inlining inlining) {
        if (hasSources) {
            files[node] = file;
            lines[node] = line;
            lastLines[node] = lastLine;
            inlinings[node] = (byte) inlining.code();
        }
    }

    /// Adds a node of other nodes as it is.
    void addCopy(Nodes from, int node) {
        add(from.level(node), from.function(node), from.total(node), from.self(node));
        source(
                size - 1,
                from.file(node),
                from.line(node),
                from.lastLine(node),
                from.inlining(node));
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
    long bytes(int room) {
        return (long) room * (BYTES_EACH + (hasSources ? SOURCE_BYTES : 0));
    }

    /// Memory that the columns take.
    long bytes() {
        return bytes(levels.length);
    }

    /// Whether it is known of any node where in the source it is.
    boolean hasSources() {
        return hasSources;
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

    int file(int node) {
        return hasSources ? files[node] : Sources.NO_FILE;
    }

    int line(int node) {
        return hasSources ? lines[node] : 0;
    }

    int lastLine(int node) {
        return hasSources ? lastLines[node] : 0;
    }

    Inlining inlining(int node) {
        return hasSources ? Inlining.of(inlinings[node]) : Inlining.NONE;
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

    /// Numbers the files that nodes are in in the order of their first node, after the empty one,
    /// and returns them.
    List<String> renumberFiles(List<String> all) {
        List<String> used = new ArrayList<>();
        used.add("");
        if (hasSources) {
            int[] numbers = new int[all.size()];
            for (int i = 0; i < size; i++) {
                int file = files[i];
                if (file != Sources.NO_FILE && numbers[file] == 0) {
                    numbers[file] = used.size();
                    used.add(all.get(file));
                }
                files[i] = numbers[file];
            }
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
        if (hasSources) {
            files = Arrays.copyOf(files, room);
            lines = Arrays.copyOf(lines, room);
            lastLines = Arrays.copyOf(lastLines, room);
            inlinings = Arrays.copyOf(inlinings, room);
        }
    }

    private int grownRoom() {
        return (int) Math.min(SIZE_MAX, size * 2L);
    }
}
