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
    private Consumer<ByteWriter> version = out -> out.u8(1);
    private Consumer<ByteWriter> type =
            out -> out.text("process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    private Consumer<ByteWriter> start = out -> out.varint(5);
    private Consumer<ByteWriter> strings = out -> texts(out, "", "main", "/bin/x", "native", "f");
    private int[] functionColumns = {1, 4, 2, 2, 3, 3, 0, 0, 0, 0, 0, 7};
    private int[] up = {0, 0, 0, 2};
    private int[] function = {1, 2, 0, 1};
    private long[] value = {1, 300, 4, 2};
    private long[] hidden = {9};
    private Consumer<ByteWriter> end = out -> {};

    @Test
    void theFormIsAsSpecified() throws Exception {
        FlameTree tree = FlameTree.decode(bytes());
        assertThat(tree.type().id()).isEqualTo("process_cpu:cpu:nanoseconds:cpu:nanoseconds");
        assertThat(tree.startNanos()).isEqualTo(5);
        assertThat(tree.durationNanos()).isEqualTo(6);
        assertThat(tree.functions())
                .containsExactly(
                        new Function("main", "/bin/x", FrameKind.NATIVE, "", 0, ""),
                        new Function("f", "/bin/x", FrameKind.NATIVE, "", 7, ""));
        assertNode(tree, 0, 0, 0, 307, 1, 0);
        assertNode(tree, 1, 1, 1, 304, 300, 0);
        assertNode(tree, 2, 2, -1, 4, 0, 9);
        assertNode(tree, 3, 1, 0, 2, 2, 0);
        assertThat(tree.total()).isEqualTo(307);
        assertThat(tree.fullSize()).isEqualTo(12);
    }

    /// Whoever changes these bytes changes the format, and must count its version up.
    @Test
    void theBytesNeverChange() {
        byte[] encoded = FlameTree.of(Profiles.merge(Profiles.cpu()), 3).encode();
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo(
                        "454d4647012b70726f636573735f6370753a6370753a6e616e6f7365636f6e64733a63"
                                + "70753a6e616e6f7365636f6e64738080e8ef9eca9cc31880c8afa0250600046d61696e"
                                + "0c2f7573722f62696e2f776562066e6174697665283031323334353637383961626364"
                                + "656630313233343536373839616263646566303132333435363704776f726b02010502"
                                + "0203030000040400000300000101020000808c8d9e028088debe0102");
    }

    @Test
    void whatBreaksARuleIsRefusedByName() {
        version = out -> out.u8(0);
        assertRefused("version: 0 (expected: 1)");
        type = out -> out.text("cpu");
        assertRefused(
                "profile type: \"cpu\""
                        + " (expected: name:sampleType:sampleUnit:periodType:periodUnit)");
        start = out -> out.varint(-1);
        assertRefused("start: -1 (expected: 0 or more)");
        strings = out -> out.varint(1000);
        assertRefusedLike("strings: 1000 \\(expected: that many in \\d+ bytes\\)");
        strings = out -> out.varint(5_000_000);
        assertRefused("strings: 5000000 (expected: at most 4194304)");
        functionColumns = new int[] {1, 5, 2, 2, 3, 3, 0, 0, 0, 0, 0, 7};
        assertRefused("functions: string 5 (expected: < 5)");
        functionColumns = new int[] {1, 0, 2, 2, 3, 3, 0, 0, 0, 0, 0, 7};
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
        out.varint(functionColumns.length / 6);
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
        end.accept(out);
        return out.toBytes();
    }

    private static void texts(ByteWriter out, String... texts) {
        out.varint(texts.length);
        for (String text : texts) {
            out.text(text);
        }
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
