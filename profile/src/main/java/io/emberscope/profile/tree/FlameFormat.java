package io.emberscope.profile.tree;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.StringTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The bytes of a [FlameTree]; `docs/formats/flamegraph.md` is their specification.
///
/// Totals are not written: they follow from the rest, so no reader can be shown a tree whose widths
/// do not add up.
final class FlameFormat {
    private static final byte[] MAGIC = "EMFG".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int STRINGS_MAX = 4 * FlameTree.NODES_MAX;
    private static final int NO_FUNCTION = 0;

    private FlameFormat() {}

    static byte[] encode(FlameTree tree) {
        ByteWriter out = new ByteWriter(64 + 6 * tree.size());
        out.bytes(MAGIC).u8(VERSION).text(tree.type().id());
        out.varint(tree.startNanos()).varint(tree.durationNanos());
        functions(tree.functions(), out);
        nodes(tree, out);
        return out.toBytes();
    }

    private static void functions(List<Function> functions, ByteWriter out) {
        StringTable strings = StringTable.withEmptyFirst();
        int[][] columns = new int[5][functions.size()];
        for (int i = 0; i < functions.size(); i++) {
            Function function = functions.get(i);
            columns[0][i] = strings.add(function.name());
            columns[1][i] = strings.add(function.binary());
            columns[2][i] = strings.add(function.kind().text());
            columns[3][i] = strings.add(function.file());
            columns[4][i] = strings.add(function.buildId());
        }
        out.varint(strings.size());
        for (String text : strings.texts()) {
            out.text(text);
        }
        out.varint(functions.size());
        for (int[] column : columns) {
            for (int string : column) {
                out.varint(string);
            }
        }
        for (Function function : functions) {
            out.varint(function.line());
        }
    }

    private static void nodes(FlameTree tree, ByteWriter out) {
        int size = tree.size();
        out.varint(size);
        for (int i = 0, deepest = 0; i < size; i++) {
            out.varint(deepest - tree.level(i));
            deepest = tree.level(i) + 1;
        }
        for (int i = 0; i < size; i++) {
            out.varint(tree.function(i) + 1L);
        }
        for (int i = 0; i < size; i++) {
            out.varint(tree.isHidden(i) ? tree.total(i) : tree.self(i));
        }
        for (int i = 0; i < size; i++) {
            if (tree.isHidden(i)) {
                out.varint(tree.hidden(i));
            }
        }
    }

    static FlameTree decode(byte[] encoded) throws MalformedInputException {
        ByteCursor in = ByteCursor.of(encoded);
        if (!Arrays.equals(in.bytes(MAGIC.length, "magic"), MAGIC)) {
            throw new MalformedInputException("magic: other bytes (expected: EMFG)");
        }
        int version = in.u8("version");
        if (version != VERSION) {
            throw new MalformedInputException(
                    "version: " + version + " (expected: " + VERSION + ")");
        }
        ProfileType type = ProfileType.parse(in.utf8(in.length("type"), "type"));
        long startNanos = notNegative(in.varint("start"), "start");
        long durationNanos = notNegative(in.varint("duration"), "duration");
        List<Function> functions = readFunctions(in);
        Nodes nodes = readNodes(in, functions.size());
        if (in.hasRemaining()) {
            throw new MalformedInputException(
                    "end: " + in.remaining() + " bytes more (expected: none)");
        }
        return new FlameTree(type, startNanos, durationNanos, functions, nodes);
    }

    /// A count of things that take at least so many bytes each, so that none is taken on trust.
    private static int count(ByteCursor in, int max, int bytesEach, String field)
            throws MalformedInputException {
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

    private static List<Function> readFunctions(ByteCursor in) throws MalformedInputException {
        int stringCount = count(in, STRINGS_MAX, 1, "strings");
        List<String> strings = new ArrayList<>(stringCount);
        for (int i = 0; i < stringCount; i++) {
            strings.add(in.utf8(in.length("strings"), "strings"));
        }
        int count = count(in, FlameTree.NODES_MAX, 6, "functions");
        int[][] columns = new int[5][count];
        for (int[] column : columns) {
            for (int i = 0; i < count; i++) {
                column[i] = index(in, stringCount, "functions: string");
            }
        }
        List<Function> functions = new ArrayList<>(count);
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
                            strings.get(columns[3][i]),
                            in.count(Integer.MAX_VALUE, "line"),
                            strings.get(columns[4][i])));
        }
        return functions;
    }

    private static int index(ByteCursor in, int size, String field) throws MalformedInputException {
        long index = in.varint(field);
        if (index < 0 || index >= size) {
            throw new MalformedInputException(
                    field + ' ' + Long.toUnsignedString(index) + " (expected: < " + size + ")");
        }
        return (int) index;
    }

    private static Nodes readNodes(ByteCursor in, int functionCount)
            throws MalformedInputException {
        int size = count(in, FlameTree.NODES_MAX, 3, "nodes");
        int[] levels = new int[size];
        for (int i = 0, deepest = 0; i < size; i++) {
            levels[i] = deepest - in.count(deepest, "nodes: up");
            deepest = levels[i] + 1;
        }
        int[] functions = new int[size];
        for (int i = 0; i < size; i++) {
            functions[i] = index(in, functionCount + 1, "nodes: function");
        }
        long[] values = new long[size];
        for (int i = 0; i < size; i++) {
            values[i] = in.varint("nodes: value");
            if (values[i] < 0) {
                throw new MalformedInputException(
                        "nodes[" + i + "].value: " + values[i] + " (expected: 0 or more)");
            }
        }
        Nodes nodes = new Nodes(size);
        for (int i = 0; i < size; i++) {
            if (functions[i] != NO_FUNCTION) {
                nodes.add(levels[i], functions[i] - 1, values[i], values[i]);
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
