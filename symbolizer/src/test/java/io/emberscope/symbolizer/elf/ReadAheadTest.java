package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReadAheadTest {
    private static final int BYTES = 5 * ReadAhead.PIECE_BYTES + 123;

    private final byte[] bytes = new byte[BYTES];
    private int reads;

    private ReadAhead open() {
        new Random(1).nextBytes(bytes);
        return new ReadAhead(
                new ByteSource() {
                    @Override
                    public long size() {
                        return bytes.length;
                    }

                    @Override
                    public int read(long position, byte[] target, int offset, int length) {
                        reads++;
                        return new ArraySource(bytes).read(position, target, offset, length);
                    }

                    @Override
                    public void close() {}
                });
    }

    @Test
    void bytesAreThoseOfTheSourceWhereverTheyAre() throws IOException {
        ReadAhead ahead = open();
        Random random = new Random(2);
        for (int i = 0; i < 20_000; i++) {
            int position = random.nextInt(BYTES);
            int length = 1 + random.nextInt(300);
            byte[] target = new byte[length + 7];
            int count = ahead.read(position, target, 7, length);
            assertThat(count).isBetween(1, length);
            assertThat(Arrays.copyOfRange(target, 7, 7 + count))
                    .isEqualTo(Arrays.copyOfRange(bytes, position, position + count));
        }
        assertThat(ahead.read(BYTES, new byte[1], 0, 1)).isEqualTo(-1);
        assertThat(ahead.read(BYTES + 1000L, new byte[1], 0, 1)).isEqualTo(-1);
    }

    @Test
    void whatIsReadForwardIsReadInLargePieces() throws IOException {
        ReadAhead ahead = open();
        byte[] target = new byte[64];
        int position = 0;
        while (position < BYTES) {
            position += ahead.read(position, target, 0, target.length);
        }
        assertThat(reads).isEqualTo(6);
    }
}
