package io.emberscope.profile.tree;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.profile.intern.StringTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/// The bytes of a [FlameTree]; `docs/formats/flamegraph.md` is their specification.
///
/// Totals are not written: they follow from the rest, so no reader can be shown a tree whose widths
/// do not add up.
final class FlameFormat {
    static final byte[] MAGIC = "EMFG".getBytes(StandardCharsets.US_ASCII);
    static final int VERSION = 2;
    static final int STRINGS_MAX = 5 * FlameTree.NODES_MAX;
    static final int NO_FUNCTION = 0;
    static final int FUNCTION_COLUMNS = 5;

    /// A node's file is that of its function.
    static final int USUAL_FILE = 0;

    private FlameFormat() {}

    static byte[] encode(FlameTree tree) {
        ByteWriter out = new ByteWriter(64 + 6 * tree.size());
        out.bytes(MAGIC).u8(VERSION).text(tree.type().id());
        out.varint(tree.startNanos()).varint(tree.durationNanos());
        StringTable strings = StringTable.withEmptyFirst();
        int[] files = tree.files().stream().mapToInt(strings::add).toArray();
        int[] usualFiles = usualFiles(tree);
        functions(tree, strings, usualFiles, out);
        nodes(tree, out);
        sources(tree, files, usualFiles, out);
        return out.toBytes();
    }

    /// The file of the first node of each function: most of its nodes are in the same.
    private static int[] usualFiles(FlameTree tree) {
        int[] usual = new int[tree.functions().size()];
        boolean[] isFound = new boolean[usual.length];
        for (int i = 0; i < tree.size(); i++) {
            if (!tree.isHidden(i) && !isFound[tree.function(i)]) {
                isFound[tree.function(i)] = true;
                usual[tree.function(i)] = tree.file(i);
            }
        }
        return usual;
    }

    private static void functions(
            FlameTree tree, StringTable strings, int[] usualFiles, ByteWriter out) {
        List<Function> functions = tree.functions();
        int[][] columns = new int[FUNCTION_COLUMNS][functions.size()];
        for (int i = 0; i < functions.size(); i++) {
            Function function = functions.get(i);
            columns[0][i] = strings.add(function.name());
            columns[1][i] = strings.add(function.binary());
            columns[2][i] = strings.add(function.kind().text());
            columns[3][i] = strings.add(function.buildId());
            columns[4][i] = strings.add(tree.files().get(usualFiles[i]));
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

    /// Columns of the nodes that show a function.
    private static void sources(FlameTree tree, int[] files, int[] usualFiles, ByteWriter out) {
        int[] shown = IntStream.range(0, tree.size()).filter(i -> !tree.isHidden(i)).toArray();
        for (int i : shown) {
            boolean isUsual = tree.file(i) == usualFiles[tree.function(i)];
            out.varint(isUsual ? USUAL_FILE : files[tree.file(i)] + 1L);
        }
        for (int i : shown) {
            out.varint(tree.line(i));
        }
        for (int i : shown) {
            out.varint(tree.lastLine(i) - tree.line(i));
        }
        for (int i : shown) {
            out.varint(tree.inlining(i).code());
        }
    }
}
