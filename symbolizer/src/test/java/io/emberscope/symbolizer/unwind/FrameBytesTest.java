package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameBytesTest {
    private static final int ENTRY_BYTES = 64;
    private static final int ENTRIES = 10_000;

    private final Counting source = new Counting();

    /// A section in which each byte is the number of its entry, and that counts what is read of it.
    private static final class Counting implements ByteSource {
        long bytesRead;

        @Override
        public long size() {
            return (long) ENTRIES * ENTRY_BYTES;
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) {
            int count = (int) Math.min(length, size() - position);
            for (int i = 0; i < count; i++) {
                target[offset + i] = (byte) ((position + i) / ENTRY_BYTES);
            }
            bytesRead += count;
            return count;
        }

        @Override
        public void close() {}
    }

    private void enterAll(List<Integer> entries) throws IOException {
        FrameBytes bytes =
                new FrameBytes(source, ".eh_frame", 0, source.size(), 0, Rows.memory(1 << 20));
        for (int entry : entries) {
            bytes.enter((long) entry * ENTRY_BYTES, ENTRY_BYTES);
            while (bytes.hasRemaining()) {
                assertThat(bytes.u8()).isEqualTo(entry & 0xff);
            }
        }
    }

    private static List<Integer> inOrder() {
        List<Integer> entries = new ArrayList<>();
        for (int entry = 0; entry < ENTRIES; entry++) {
            entries.add(entry);
        }
        return entries;
    }

    @Test
    void entriesInTheirOrderAreReadOnce() throws Exception {
        enterAll(inOrder());

        assertThat(source.bytesRead).isEqualTo(source.size());
    }

    @Test
    void entriesInAnyOtherOrderAreReadEachWithLittleAround() throws Exception {
        List<Integer> entries = inOrder();
        Collections.shuffle(entries, new Random(9));

        enterAll(entries);

        assertThat(source.bytesRead).isLessThanOrEqualTo(ENTRIES * 512L);
    }

    @Test
    void runsOfEntriesAreReadNoMoreThanAFewTimes() throws Exception {
        List<Integer> entries = new ArrayList<>();
        int run = 50;
        for (int start = ENTRIES - run; start >= 0; start -= run) {
            for (int entry = start; entry < start + run; entry++) {
                entries.add(entry);
            }
        }

        enterAll(entries);

        assertThat(source.bytesRead).isLessThanOrEqualTo(3 * source.size());
    }
}
