package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.profile.IngestLimits.Limit;
import org.junit.jupiter.api.Test;

class IngestLimitsTest {
    @Test
    void whatHoldsByDefaultIsKnown() {
        assertThat(IngestLimits.DEFAULT)
                .hasToString(
                        "{REQUEST_BYTES=16777216, RESOURCES=65536, PROFILES=131072,"
                                + " SAMPLES=1048576, SERIES=32768, TABLE_ENTRIES=262144,"
                                + " STACK_DEPTH=1024, LINES=256, LABELS=64, LABEL_NAME_BYTES=256,"
                                + " LABEL_VALUE_BYTES=2048, NAME_BYTES=4096, TEXT_BYTES=67108864,"
                                + " INFLATED_BYTES=67108864}");
    }

    @Test
    void oneLimitIsChangedAndTheOthersStay() {
        IngestLimits limits = IngestLimits.DEFAULT.with(Limit.SAMPLES, 5).with(Limit.LINES, 6);
        assertThat(limits.get(Limit.SAMPLES)).isEqualTo(5);
        assertThat(limits.get(Limit.LINES)).isEqualTo(6);
        assertThat(limits.get(Limit.LABELS)).isEqualTo(64);
        assertThat(limits.all()).containsEntry(Limit.SAMPLES, 5).hasSize(Limit.values().length);
        assertThat(IngestLimits.DEFAULT.get(Limit.SAMPLES)).isEqualTo(1 << 20);
    }

    @Test
    void aLimitIsAtLeastOne() {
        assertThatThrownBy(() -> IngestLimits.DEFAULT.with(Limit.LINES, 0))
                .hasMessage("LINES: 0 (expected: 1 or more)");
    }
}
