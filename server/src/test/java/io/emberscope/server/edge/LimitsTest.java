package io.emberscope.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTest {
    private static final long MIB = 1 << 20;

    @ParameterizedTest
    @ValueSource(longs = {64, 256, 512, 768, 1024, 4096})
    void theLongestBodyFitsAndAllPartsTogetherFitTheHeap(long mebibytes) {
        long heap = mebibytes * MIB;
        Limits limits = Limits.of(heap);
        long body = limits.ingestBodyBytesMax();
        assertThat(body * (Limits.WIRE_COPIES + 1 + Limits.INGEST_OBJECTS_PER_BYTE))
                .as("what the longest body reserves")
                .isLessThanOrEqualTo(limits.ingestBytesInFlight());
        assertThat(
                        limits.ingestBytesInFlight()
                                + limits.responseBytesInFlight()
                                + limits.tableBytesInFlight()
                                + limits.queryThreads() * limits.queryBytesMax()
                                + limits.storeBytesMax()
                                + limits.cacheBytesMax())
                .isLessThanOrEqualTo(heap * 85 / 100);
    }

    @Test
    void aLargeHeapDoesNotMakeLargeBodies() {
        assertThat(Limits.of(64L << 30).ingestBodyBytesMax()).isEqualTo(16 * MIB);
        assertThat(Limits.of(768 * MIB).ingestBodyBytesMax()).isEqualTo(16 * MIB);
    }
}
