package io.emberscope.base.perf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// A file of `perf record` with one event, read by walking its records: perf's own tools mix what
/// they have to say with what is in it, and may abort while they look for build ids. Layout:
/// perf.data-file-format.txt and perf_event.h of the kernel.
public final class PerfData {
    private static final int ATTRIBUTES_OFFSET = 24;
    private static final int DATA_OFFSET = 40;
    private static final int SAMPLE_TYPE_IN_ATTRIBUTE = 24;
    private static final int HEADER_BYTES = 8;
    private static final int RECORD_SAMPLE = 9;
    private static final long SAMPLE_IP = 1;
    private static final long SAMPLE_TID = 1 << 1;
    private static final long SAMPLE_TIME = 1 << 2;
    private static final long SAMPLE_IDENTIFIER = 1 << 16;

    private PerfData() {}

    /// When each sample was taken, in nanoseconds of perf's clock, in ascending order.
    public static long[] sampleNanos(Path data) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(data)).order(ByteOrder.LITTLE_ENDIAN);
        int attribute = Math.toIntExact(file.getLong(ATTRIBUTES_OFFSET));
        long sampleType = file.getLong(attribute + SAMPLE_TYPE_IN_ATTRIBUTE);
        assertThat(sampleType & SAMPLE_TIME).as("samples have a time").isPositive();
        long before = sampleType & (SAMPLE_IDENTIFIER | SAMPLE_IP | SAMPLE_TID);
        int timeAt = HEADER_BYTES + Long.BYTES * Long.bitCount(before);

        int at = Math.toIntExact(file.getLong(DATA_OFFSET));
        int end = at + Math.toIntExact(file.getLong(DATA_OFFSET + Long.BYTES));
        long[] nanos = new long[(end - at) / HEADER_BYTES];
        int samples = 0;
        while (at < end) {
            if (file.getInt(at) == RECORD_SAMPLE) {
                nanos[samples++] = file.getLong(at + timeAt);
            }
            at += Short.toUnsignedInt(file.getShort(at + 6));
        }
        long[] sorted = Arrays.copyOf(nanos, samples);
        Arrays.sort(sorted);
        return sorted;
    }
}
