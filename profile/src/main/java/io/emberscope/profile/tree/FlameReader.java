package io.emberscope.profile.tree;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.StringTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Reads the bytes that [FlameFormat] writes. Memory is bounded by their number.
final class FlameReader {
    private final ByteCursor in;
    private final List<String> strings = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();
    // The file of each function, as a string.
    private int[] usualFiles = {};

    private FlameReader(byte[] encoded) {
        in = ByteCursor.of(encoded);
    }

    static FlameTree decode(byte[] encoded) throws MalformedInputException {
        return new FlameReader(encoded).decode();
    }

    private FlameTree decode() throws MalformedInputException {
        if (!Arrays.equals(in.bytes(FlameFormat.MAGIC.length, "magic"), FlameFormat.MAGIC)) {
            throw new MalformedInputException("magic: other bytes (expected: EMFG)");
        }
        int version = in.u8("version");
        if (version != FlameFormat.VERSION) {
            throw new MalformedInputException(
                    "version: " + version + " (expected: " + FlameFormat.VERSION + ")");
        }
        ProfileType type = ProfileType.parse(in.utf8(in.length("type"), "type"));
        long startNanos = notNegative(in.varint("start"), "start");
        long durationNanos = notNegative(in.varint("duration"), "duration");
        readFunctions();
        Nodes nodes = readNodes();
        StringTable files = readSources(nodes);
        if (in.hasRemaining()) {
            throw new MalformedInputException(
                    "end: " + in.remaining() + " bytes more (expected: none)");
        }
        return new FlameTree(type, startNanos, durationNanos, functions, files.texts(), nodes);
    }

    /// A count of things that take at least so many bytes each, so that none is taken on trust.
    private int count(int max, int bytesEach, String field) throws MalformedInputException {
        int count = in.count(max, field);
        if (count > in.remaining() / bytesEach) {
            throw new MalformedInputException(
                    field
                            + ": "
                            + count
                            + " (expected: that many in "
                            + in.remaining()
                            + " bytes)");
        }
        return count;
    }

    private static long notNegative(long value, String field) throws MalformedInputException {
        if (value < 0) {
            throw new MalformedInputException(field + ": " + value + " (expected: 0 or more)");
        }
        return value;
    }

    private void readFunctions() throws MalformedInputException {
        int stringCount = count(FlameFormat.STRINGS_MAX, 1, "strings");
        for (int i = 0; i < stringCount; i++) {
            strings.add(in.utf8(in.length("strings"), "strings"));
        }
        int count = count(FlameTree.NODES_MAX, FlameFormat.FUNCTION_COLUMNS, "functions");
        int[][] columns = new int[FlameFormat.FUNCTION_COLUMNS][count];
        for (int[] column : columns) {
            for (int i = 0; i < count; i++) {
                column[i] = index(stringCount, "functions: string");
            }
        }
        for (int i = 0; i < count; i++) {
            String name = strings.get(columns[0][i]);
            if (name.isEmpty()) {
                throw new MalformedInputException(
                        "functions[" + i + "].name: empty (expected: a name)");
            }
            functions.add(
                    new Function(
                            name,
                            strings.get(columns[1][i]),
                            FrameKind.of(strings.get(columns[2][i])),
                            strings.get(columns[3][i])));
        }
        usualFiles = columns[4];
    }

    private int index(int size, String field) throws MalformedInputException {
        long index = in.varint(field);
        if (index < 0 || index >= size) {
            throw new MalformedInputException(
                    field + ' ' + Long.toUnsignedString(index) + " (expected: < " + size + ")");
        }
        return (int) index;
    }

    private Nodes readNodes() throws MalformedInputException {
        int size = count(FlameTree.NODES_MAX, 4, "nodes");
        int[] levels = new int[size];
        for (int i = 0, deepest = 0; i < size; i++) {
            levels[i] = deepest - in.count(deepest, "nodes: up");
            deepest = levels[i] + 1;
        }
        int[] shown = new int[size];
        for (int i = 0; i < size; i++) {
            shown[i] = index(functions.size() + 1, "nodes: function");
        }
        long[] values = new long[size];
        for (int i = 0; i < size; i++) {
            values[i] = in.varint("nodes: value");
            if (values[i] < 0) {
                throw new MalformedInputException(
                        "nodes[" + i + "].value: " + values[i] + " (expected: 0 or more)");
            }
        }
        Nodes nodes = new Nodes(size, true);
        for (int i = 0; i < size; i++) {
            if (shown[i] != FlameFormat.NO_FUNCTION) {
                nodes.add(levels[i], shown[i] - 1, values[i], values[i]);
            } else if (i + 1 < size && levels[i + 1] > levels[i]) {
                throw new MalformedInputException(
                        "nodes[" + (i + 1) + "]: child of hidden nodes (expected: none)");
            } else {
                int hidden = in.count(Integer.MAX_VALUE, "nodes: hidden");
                if (hidden == 0) {
                    throw new MalformedInputException(
                            "nodes[" + i + "].hidden: 0 (expected: 1 or more)");
                }
                nodes.addHidden(levels[i], hidden, values[i]);
            }
        }
        addUp(nodes);
        return nodes;
    }

    /// Reads where in the source the nodes are that show a function; returns the files.
    private StringTable readSources(Nodes nodes) throws MalformedInputException {
        int[] shown = IntStream.range(0, nodes.size()).filter(i -> nodes.hidden(i) == 0).toArray();
        StringTable files = StringTable.withEmptyFirst();
        int[] fileOf = new int[shown.length];
        for (int i = 0; i < shown.length; i++) {
            int sent = index(strings.size() + 1, "nodes: file");
            int string =
                    sent == FlameFormat.USUAL_FILE
                            ? usualFiles[nodes.function(shown[i])]
                            : sent - 1;
            fileOf[i] = files.add(strings.get(string));
        }
        int[] lines = new int[shown.length];
        for (int i = 0; i < shown.length; i++) {
            lines[i] = in.count(Integer.MAX_VALUE, "nodes: line");
        }
        int[] lastLines = new int[shown.length];
        for (int i = 0; i < shown.length; i++) {
            lastLines[i] = lines[i] + in.count(Integer.MAX_VALUE - lines[i], "nodes: lines");
        }
        for (int i = 0; i < shown.length; i++) {
            Inlining inlining = Inlining.of(index(Inlining.CODES, "nodes: inlining"));
            nodes.source(shown[i], fileOf[i], lines[i], lastLines[i], inlining);
        }
        return files;
    }

    private static void addUp(Nodes nodes) throws MalformedInputException {
        int[] parents = nodes.parents();
        long total = 0;
        for (int i = nodes.size() - 1; i >= 0; i--) {
            try {
                if (parents[i] >= 0) {
                    nodes.addToTotal(parents[i], nodes.total(i));
                } else {
                    total = Math.addExact(total, nodes.total(i));
                }
            } catch (ArithmeticException e) {
                throw new MalformedInputException("nodes: sum of values (expected: below 2^63)", e);
            }
        }
    }
}
