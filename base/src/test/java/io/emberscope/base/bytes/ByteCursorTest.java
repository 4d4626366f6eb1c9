package io.emberscope.base.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteCursorTest {
    @Test
    void fixedWidthReadsHonourTheByteOrder() throws Exception {
        byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8};
        assertThat(ByteCursor.of(bytes).i64("x")).isEqualTo(0x0807060504030201L);
        assertThat(ByteCursor.of(bytes).order(ByteOrder.BIG_ENDIAN).i64("x"))
                .isEqualTo(0x0102030405060708L);
        assertThat(ByteCursor.of(bytes, 2, 2).u16("x")).isEqualTo(0x0403);
        byte[] high = {-1, -1, -1, -1};
        assertThat(ByteCursor.of(high).u32("x")).isEqualTo(0xffff_ffffL);
    }

    @Test
    void readsStopAtTheEndOfTheRangeAndNameTheField() {
        ByteCursor cursor = ByteCursor.of(new byte[] {1, 2, 3, 4, 5}, 1, 3);
        assertThatThrownBy(() -> cursor.i32("header.size"))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("header.size: 4 bytes (expected: at most 3 left)");
        assertThat(cursor.position()).isZero();
    }

    @Test
    void varintsOfMoreThanTenBytesAreRefused() {
        byte[] endless = new byte[11];
        java.util.Arrays.fill(endless, (byte) 0x80);
        assertThatThrownBy(() -> ByteCursor.of(endless).varint("count"))
                .hasMessage("count: varint (expected: at most 10 bytes)");
    }

    @Test
    void lengthIsNeverMoreThanWhatIsLeft() {
        byte[] bytes = {(byte) 0xff, 0x7f, 0};
        assertThatThrownBy(() -> ByteCursor.of(bytes).length("name"))
                .hasMessage("name: length 16383 (expected: at most 1 left)");
    }

    @Test
    void cStringEndsAtZeroOrAtTheEnd() throws Exception {
        ByteCursor cursor = ByteCursor.of(new byte[] {'a', 'b', 0, 'c'});
        assertThat(cursor.cString(2, "name")).isEqualTo("ab");
        assertThat(cursor.cString(1, "name")).isEqualTo("c");
        assertThat(cursor.hasRemaining()).isFalse();
        assertThatThrownBy(() -> ByteCursor.of(new byte[] {'a', 'b', 0}).cString(1, "name"))
                .isInstanceOf(MalformedInputException.class);
    }

    @Test
    void randomReadsNeverLeaveTheRange() {
        for (long seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            ByteCursor cursor = ByteCursor.of(bytes);
            try {
                for (int i = 0; i < 20; i++) {
                    switch (random.nextInt(8)) {
                        case 0 -> cursor.u8("a");
                        case 1 -> cursor.i32("b");
                        case 2 -> cursor.varint("c");
                        case 3 -> cursor.bytes(random.nextLong(-2, 10), "d");
                        case 4 -> cursor.cString(random.nextInt(), "e");
                        case 5 -> cursor.seek(random.nextLong(-1, 50), "f");
                        case 6 -> cursor.slice(cursor.length("g"), "g");
                        default -> cursor.skip(random.nextLong(), "h");
                    }
                    assertThat(cursor.remaining()).as("seed %d", seed).isBetween(0, bytes.length);
                }
            } catch (MalformedInputException expected) {
                assertThat(expected).hasMessageContaining("(expected: ");
            }
        }
    }

    @Test
    void readsWhatAWriterWrote() throws Exception {
        ByteWriter sink = new ByteWriter(1);
        sink.u8(200).i32(-5).i64(Long.MIN_VALUE).varint(-1).zigzag(-3).zigzag(Long.MIN_VALUE);
        sink.text("grün").bytes(new ByteWriter().varint(300)).bytes(new byte[] {7});
        ByteCursor cursor = ByteCursor.of(sink.toBytes());
        assertThat(cursor.u8("a")).isEqualTo(200);
        assertThat(cursor.i32("b")).isEqualTo(-5);
        assertThat(cursor.i64("c")).isEqualTo(Long.MIN_VALUE);
        assertThat(cursor.varint("d")).isEqualTo(-1);
        assertThat(cursor.zigzag("e")).isEqualTo(-3);
        assertThat(cursor.zigzag("f")).isEqualTo(Long.MIN_VALUE);
        assertThat(cursor.text("g")).isEqualTo("grün");
        assertThat(cursor.varint("h")).isEqualTo(300);
        assertThat(cursor.u8("i")).isEqualTo(7);
        assertThat(cursor.hasRemaining()).isFalse();
        assertThat(sink.size()).isEqualTo(cursor.position());
    }
}
