package io.emberscope.base.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteWriterTest {
    @Test
    void theCursorReadsWhatTheWriterWrote() throws Exception {
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            long varint = random.nextLong() >>> random.nextInt(64);
            String text = "\u00e4".repeat(random.nextInt(200));
            ByteWriter out = new ByteWriter(0);
            out.u8(0xab).varint(varint).i64(-varint).text(text).bytes(new byte[] {1, 2});
            ByteCursor in = ByteCursor.of(out.toBytes());
            assertThat(out.size()).isEqualTo(in.remaining());
            assertThat(in.u8("x")).isEqualTo(0xab);
            assertThat(in.varint("x")).as("seed %d", seed).isEqualTo(varint);
            assertThat(in.i64("x")).isEqualTo(-varint);
            assertThat(in.utf8(in.length("x"), "x")).isEqualTo(text);
            assertThat(in.bytes(2, "x")).containsExactly(1, 2);
            assertThat(in.hasRemaining()).isFalse();
        }
    }

    @Test
    void aLengthIsPutInFrontOfContentOfAnySize() throws Exception {
        for (int size : new int[] {0, 1, 127, 128, 16_383, 16_384, 3_000_000}) {
            ByteWriter out = new ByteWriter().u8(7);
            int start = out.size();
            for (int i = 0; i < size; i++) {
                out.u8(i);
            }
            out.prefixLengthFrom(start).u8(9);
            ByteCursor in = ByteCursor.of(out.toBytes());
            assertThat(in.u8("x")).isEqualTo(7);
            assertThat(in.length("x")).isEqualTo(size);
            for (int i = 0; i < size; i++) {
                assertThat(in.u8("x")).isEqualTo(i & 0xff);
            }
            assertThat(in.u8("x")).isEqualTo(9);
            assertThat(in.hasRemaining()).isFalse();
        }
    }

    @Test
    void aLengthCannotBePutInFrontOfWhatIsNotWritten() {
        assertThatThrownBy(() -> new ByteWriter().u8(1).prefixLengthFrom(2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
