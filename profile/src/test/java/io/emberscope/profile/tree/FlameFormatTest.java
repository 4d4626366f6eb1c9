package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Profiles;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Holds the bytes to `docs/formats/flamegraph.md`, which other readers are written from.
class FlameFormatTest {
    // The parts of a small tree, so that a test can put another in the place of one.
    private Consumer<ByteWriter> version = out -> out.u8(2);
    private Consumer<ByteWriter> type =
            out -> out.text("process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    private Consumer<ByteWriter> start = out -> out.varint(5);
    private Consumer<ByteWriter> strings =
            out -> texts(out, "", "main", "/bin/x", "native", "f", "f.c", "g.c");
    private int[] functionColumns = {1, 4, 2, 2, 3, 3, 0, 0, 5, 0};
    private int[] up = {0, 0, 0, 2};
    private int[] function = {1, 2, 0, 1};
    private long[] value = {1, 300, 4, 2};
    private long[] hidden = {9};
    // Of the nodes that are not hidden: the file of its function, another, none; two lines of one;
    // called, called and inlined, inlined.
    private int[] file = {0, 7, 1};
    private long[] line = {40, 7, 0};
    private long[] lines = {3, 0, 0};
    private int[] inlining = {0, 1, 2};
    private Consumer<ByteWriter> end = out -> {};

    @Test
    void theFormIsAsSpecified() throws Exception {
        FlameTree tree = FlameTree.decode(bytes());
        assertThat(tree.type().id()).isEqualTo("process_cpu:cpu:nanoseconds:cpu:nanoseconds");
        assertThat(tree.startNanos()).isEqualTo(5);
        assertThat(tree.durationNanos()).isEqualTo(6);
        assertThat(tree.functions())
                .containsExactly(
                        new Function("main", "/bin/x", FrameKind.NATIVE, ""),
                        new Function("f", "/bin/x", FrameKind.NATIVE, ""));
        assertNode(tree, 0, 0, 0, 307, 1, 0);
        assertNode(tree, 1, 1, 1, 304, 300, 0);
        assertNode(tree, 2, 2, -1, 4, 0, 9);
        assertNode(tree, 3, 1, 0, 2, 2, 0);
        assertSource(tree, 0, "f.c", 40, 43, Inlining.NONE);
        assertSource(tree, 1, "g.c", 7, 7, Inlining.SOME);
        assertSource(tree, 2, "", 0, 0, Inlining.NONE);
        assertSource(tree, 3, "", 0, 0, Inlining.ALL);
        assertThat(tree.total()).isEqualTo(307);
        assertThat(tree.fullSize()).isEqualTo(12);
    }

    /// Whoever changes these bytes changes the format, and must count its version up.
    @Test
    void theBytesNeverChange() {
        byte[] encoded = FlameTree.of(Profiles.merge(Profiles.sources()), 5).encode();
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo(
                        "454d4647022b70726f636573735f6370753a6370753a6e616e6f7365636f6e64733a6370"
                                + "753a6e616e6f7365636f6e64738080f286abed9fc31880c8afa0250d000b2f7372632f6d"
                                + "61696e2e630b2f7372632f776f726b2e630b2f7372632f686173682e68046d61696e0c2f"
                                + "7573722f62696e2f617070066e6174697665283030303030303030303030303030303030"
                                + "303030303030303738646465366535666432396630353404776f726b04686173680e7374"
                                + "7269707065642b3078346630112f7573722f62696e2f7374726970706564283030303030"
                                + "303030303030303030303030303030303030303137313536303966376337343663363904"
                                + "0408090a0505050b060606060707070c010203000500000002020102030400008088debe"
                                + "018088debe01809c9c3980e8922602000000000c1e07000001000000000200");
    }

    @Test
    void whatBreaksARuleIsRefusedByName() {
        version = out -> out.u8(0);
        assertRefused("version: 0 (expected: 2)");
        type = out -> out.text("cpu");
        assertRefused(
                "profile type: \"cpu\""
                        + " (expected: name:sampleType:sampleUnit:periodType:periodUnit)");
        start = out -> out.varint(-1);
        assertRefused("start: -1 (expected: 0 or more)");
        strings = out -> out.varint(1000);
        assertRefusedLike("strings: 1000 \\(expected: that many in \\d+ bytes\\)");
        strings = out -> out.varint(6_000_000);
        assertRefused("strings: 6000000 (expected: at most 5242880)");
        functionColumns = new int[] {1, 7, 2, 2, 3, 3, 0, 0, 5, 0};
        assertRefused("functions: string 7 (expected: < 7)");
        functionColumns = new int[] {1, 0, 2, 2, 3, 3, 0, 0, 5, 0};
        assertRefused("functions[1].name: empty (expected: a name)");
        up = new int[] {0, 0, 3, 1};
        assertRefused("nodes: up: 3 (expected: at most 2)");
        up = new int[] {1, 0, 0, 1};
        assertRefused("nodes: up: 1 (expected: at most 0)");
        function = new int[] {1, 2, 0, 3};
        assertRefused("nodes: function 3 (expected: < 3)");
        up = new int[] {0, 0, 0, 0};
        assertRefused("nodes[3]: child of hidden nodes (expected: none)");
        hidden = new long[] {0};
        assertRefused("nodes[2].hidden: 0 (expected: 1 or more)");
        value = new long[] {1, -1, 4, 2};
        assertRefused("nodes[1].value: -1 (expected: 0 or more)");
        value = new long[] {1, Long.MAX_VALUE, 4, 2};
        assertRefused("nodes: sum of values (expected: below 2^63)");
        file = new int[] {0, 8, 1};
        assertRefused("nodes: file 8 (expected: < 8)");
        line = new long[] {40, 1L << 31, 0};
        assertRefused("nodes: line: 2147483648 (expected: at most 2147483647)");
        lines = new long[] {Integer.MAX_VALUE, 0, 0};
        assertRefused("nodes: lines: 2147483647 (expected: at most 2147483607)");
        inlining = new int[] {0, 3, 2};
        assertRefused("nodes: inlining 3 (expected: < 3)");
        end = out -> out.u8(0);
        assertRefused("end: 1 bytes more (expected: none)");
    }

    @Test
    void rootsThatOverflowTogetherAreRefused() {
        up = new int[] {0, 0, 0, 3};
        value = new long[] {Long.MAX_VALUE - 4, 0, 4, 1};
        assertRefused("nodes: sum of values (expected: below 2^63)");
    }

    private void assertRefused(String message) {
        byte[] bytes = bytes();
        assertThatThrownBy(() -> FlameTree.decode(bytes))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
        reset();
    }

    private void assertRefusedLike(String pattern) {
        byte[] bytes = bytes();
        assertThatThrownBy(() -> FlameTree.decode(bytes))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageMatching(pattern);
        reset();
    }

    private void reset() {
        FlameFormatTest fresh = new FlameFormatTest();
        version = fresh.version;
        type = fresh.type;
        start = fresh.start;
        strings = fresh.strings;
        functionColumns = fresh.functionColumns;
        up = fresh.up;
        function = fresh.function;
        value = fresh.value;
        hidden = fresh.hidden;
        file = fresh.file;
        line = fresh.line;
        lines = fresh.lines;
        inlining = fresh.inlining;
        end = fresh.end;
    }

    private byte[] bytes() {
        ByteWriter out = new ByteWriter();
        out.u8('E').u8('M').u8('F').u8('G');
        version.accept(out);
        type.accept(out);
        start.accept(out);
        out.varint(6);
        strings.accept(out);
        out.varint(functionColumns.length / 5);
        for (int string : functionColumns) {
            out.varint(string);
        }
        out.varint(up.length);
        for (int node : up) {
            out.varint(node);
        }
        for (int node : function) {
            out.varint(node);
        }
        for (long node : value) {
            out.varint(node);
        }
        for (long node : hidden) {
            out.varint(node);
        }
        for (int node : file) {
            out.varint(node);
        }
        for (long node : line) {
            out.varint(node);
        }
        for (long node : lines) {
            out.varint(node);
        }
        for (int node : inlining) {
            out.varint(node);
        }
        end.accept(out);
        return out.toBytes();
    }

    private static void texts(ByteWriter out, String... texts) {
        out.varint(texts.length);
        for (String text : texts) {
            out.text(text);
        }
    }

    private static void assertSource(
            FlameTree tree, int node, String file, int line, int lastLine, Inlining inlining) {
        assertThat(tree.files().get(tree.file(node))).isEqualTo(file);
        assertThat(tree.line(node)).isEqualTo(line);
        assertThat(tree.lastLine(node)).isEqualTo(lastLine);
        assertThat(tree.inlining(node)).isEqualTo(inlining);
    }

    private static void assertNode(
            FlameTree tree, int node, int level, int function, long total, long self, int hidden) {
        assertThat(tree.level(node)).isEqualTo(level);
        assertThat(tree.function(node)).isEqualTo(function);
        assertThat(tree.total(node)).isEqualTo(total);
        assertThat(tree.self(node)).isEqualTo(self);
        assertThat(tree.hidden(node)).isEqualTo(hidden);
    }
}
