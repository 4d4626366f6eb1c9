package io.emberscope.profile.protobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Compares with Google's own coded streams.
class WireTest {
    @Test
    void googlesReaderReadsWhatWeWrite() throws Exception {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            long number = random.nextLong() >> random.nextInt(64) | 1;
            int field = random.nextInt(1, 1 << random.nextInt(1, 29));
            String text = "\u00e4".repeat(random.nextInt(1, 300));
            WireWriter out = new WireWriter();
            out.varint(field, number).fixed64(field, number).text(field, text);
            int message = out.begin(field);
            out.bool(1, true).packed(2, 1, 300, 70_000).packedOne(3, 0);
            out.end(message);
            out.emptyMessage(field);
            CodedInputStream in = CodedInputStream.newInstance(out.toBytes());
            assertThat(in.readTag()).isEqualTo(field << 3);
            assertThat(in.readInt64()).as("seed %d", seed).isEqualTo(number);
            assertThat(in.readTag()).isEqualTo(field << 3 | 1);
            assertThat(in.readFixed64()).isEqualTo(number);
            assertThat(in.readTag()).isEqualTo(field << 3 | 2);
            assertThat(in.readString()).isEqualTo(text);
            assertThat(in.readTag()).isEqualTo(field << 3 | 2);
            assertThat(in.readByteArray())
                    .isEqualTo(
                            new byte[] {
                                8,
                                1,
                                0x12,
                                6,
                                1,
                                (byte) 0xac,
                                2,
                                (byte) 0xf0,
                                (byte) 0xa2,
                                4,
                                0x1a,
                                1,
                                0
                            });
            assertThat(in.readTag()).isEqualTo(field << 3 | 2);
            assertThat(in.readByteArray()).isEmpty();
            assertThat(in.isAtEnd()).isTrue();
        }
    }

    @Test
    void weReadWhatGooglesWriterWrites() throws Exception {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            long number = random.nextLong() >>> random.nextInt(1, 64);
            String text = "x".repeat(random.nextInt(300));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            out.writeInt64(1, number);
            out.writeFixed64(2, number);
            out.writeString(3, text);
            out.writeFixed32(4, 1);
            out.writeByteArray(5, new byte[] {1, 2});
            out.flush();
            WireReader in = WireReader.of(bytes.toByteArray());
            assertThat(in.next()).isTrue();
            assertThat(in.field()).isEqualTo(1);
            assertThat(in.unsigned("x")).as("seed %d", seed).isEqualTo(number);
            assertThat(in.next()).isTrue();
            assertThat(in.fixed64("x")).isEqualTo(number);
            assertThat(in.next()).isTrue();
            assertThat(in.text(300, "x")).isEqualTo(text);
            assertThat(in.next()).isTrue();
            in.skip();
            assertThat(in.next()).isTrue();
            List<Long> packed = new ArrayList<>();
            in.varints(packed::add, "x");
            assertThat(packed).containsExactly(1L, 2L);
            assertThat(in.next()).isFalse();
        }
    }

    @Test
    void defaultsAreLeftOut() {
        assertThat(new WireWriter().varint(1, 0).text(2, "").packed(3).fixed64(4, 0).toBytes())
                .isEmpty();
        assertThat(new WireWriter().element(1, "").toBytes()).containsExactly(0x0a, 0);
    }

    @Test
    void aWireTypeThatAFieldCannotHaveIsRefused() {
        byte[] varint = {8, 1};
        byte[] text = {0x0a, 1, 1};
        assertRefused(varint, in -> in.text(9, "name"), "name: wire type 0 (expected: 2)");
        assertRefused(varint, in -> in.message("name"), "name: wire type 0 (expected: 2)");
        assertRefused(varint, in -> in.fixed64("name"), "name: wire type 0 (expected: 1)");
        assertRefused(
                varint, in -> in.fixed64s(v -> {}, "name"), "name: wire type 0 (expected: 2)");
        assertRefused(text, in -> in.varint("name"), "name: wire type 2 (expected: 0)");
    }

    @Test
    void whatIsTooLongOrNegativeIsRefused() {
        assertRefused(
                new byte[] {0x0a, 2, 'a', 'b'},
                in -> in.text(1, "name"),
                "name: 2 bytes (expected: at most 1)");
        byte[] minusOne = new WireWriter().varint(1, -1).toBytes();
        assertRefused(
                minusOne, in -> in.unsigned("name"), "name: -1 (expected: 0..9223372036854775807)");
        assertRefused(
                new byte[] {0x0a, 3, 'a'},
                WireReader::skip,
                "field 1: length 3 (expected: at most 1 left)");
        assertRefused(
                new byte[] {0x0a, 2, 1, (byte) 0x80},
                in -> in.varints(v -> {}, "name"),
                "name: 1 bytes (expected: at most 0 left)");
        assertRefused(
                new byte[] {0x0a, 2, 1, 1},
                in -> in.fixed64s(v -> {}, "name"),
                "name: 8 bytes (expected: at most 2 left)");
    }

    @Test
    void tagsThatAreNoneAreRefused() {
        for (int bits : new int[] {3, 4, 6, 7}) {
            WireReader in = WireReader.of(new byte[] {(byte) (8 | bits)});
            assertThatThrownBy(in::next)
                    .hasMessage("field 1: wire type " + bits + " (expected: 0, 1, 2 or 5)");
        }
        WireReader tooLarge =
                WireReader.of(
                        new byte[] {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 0x10});
        assertThatThrownBy(tooLarge::next)
                .hasMessage("field number: 536870912 (expected: 1..536870911)");
    }

    @Test
    void entriesAreReadWhenTheyAreAskedFor() throws Exception {
        WireWriter out = new WireWriter();
        for (int i = 0; i < 40; i++) {
            out.element(1, "text " + i);
        }
        byte[] bytes = out.toBytes();
        EntryTable table = new EntryTable("a.table", bytes, 40);
        WireReader in = WireReader.of(bytes);
        while (in.next()) {
            table.add(in);
        }
        assertThat(table.size()).isEqualTo(40);
        assertThat(table.text(39, 7, "x")).isEqualTo("text 39");
        assertThatThrownBy(() -> table.text(39, 6, "x"))
                .hasMessage("x: 7 bytes (expected: at most 6)");
        assertThat(table.length(0)).isEqualTo(6);
        assertThat(table.entry(0).remaining()).isEqualTo(6);
        assertThat(table.cutText(0, 6)).isEqualTo("text 0");
        assertThat(table.cutText(0, 5)).isEqualTo("te...");
        WireReader more = WireReader.of(bytes);
        assertThat(more.next()).isTrue();
        assertThatThrownBy(() -> table.add(more))
                .hasMessage("a.table: more entries (expected: at most 40)");
    }

    @Test
    void whatIsNoUtf8IsReplacedWithinTheLimit() throws Exception {
        byte[] bytes = {'a', -1, -2, 'b', -3};
        assertThat(Utf8.read(bytes, 0, 5, 11, "x")).isEqualTo("a\ufffd\ufffdb\ufffd");
        assertThatThrownBy(() -> Utf8.read(bytes, 0, 5, 10, "x"))
                .hasMessage("x: 11 bytes (expected: at most 10)");
        assertThat(Utf8.cut(bytes, 0, 5, 11)).isEqualTo("a\ufffd\ufffdb\ufffd");
        assertThat(Utf8.cut(bytes, 0, 5, 10)).isEqualTo("a\ufffd\ufffd...");
        assertThat(Utf8.cut(bytes, 0, 5, 1)).isEqualTo("...");
    }

    @Test
    void cutTextsFitTheirLimitAndAreNotCutAgain() {
        for (long seed = 0; seed < 5_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            int bytesMax = random.nextInt(3, 40);
            String text = Utf8.cut(bytes, 0, bytes.length, bytesMax);
            byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            assertThat(utf8.length).as("seed %d", seed).isLessThanOrEqualTo(bytesMax);
            assertThat(Utf8.cut(utf8, 0, utf8.length, bytesMax))
                    .as("seed %d", seed)
                    .isEqualTo(text);
        }
    }

    private interface Read {
        void from(WireReader reader) throws MalformedInputException;
    }

    private static void assertRefused(byte[] bytes, Read read, String message) {
        WireReader reader = WireReader.of(bytes);
        assertThatThrownBy(
                        () -> {
                            reader.next();
                            read.from(reader);
                        })
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }
}
