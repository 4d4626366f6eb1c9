package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptionsTest {
    @Test
    void theWeightIsThePeriod() {
        assertThat(options(97, 4_096).weightNanos()).isEqualTo(10_309_278);
        assertThat(options(997, 4_096).weightNanos()).isEqualTo(1_003_009);
        assertThat(options(1, 4_096).weightNanos()).isEqualTo(1_000_000_000);
        assertThat(options(10_000, 4_096).weightNanos()).isEqualTo(100_000);
    }

    @Test
    void theRingWakesAtAQuarterUnlessToldOtherwise() {
        assertThat(options(97, 1 << 20).wakeupBytes()).isEqualTo(1 << 18);
        assertThat(options(97, 1 << 20).cgroups()).isEqualTo(CgroupSource.UNIFIED);
    }

    @Test
    void whatIsOutOfRangeIsRefusedWithTheRange() {
        assertThatThrownBy(() -> options(0, 4_096))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("frequency: 0 Hz (expected: 1..10000)");
        assertThatThrownBy(() -> options(10_001, 4_096))
                .hasMessage("frequency: 10001 Hz (expected: 1..10000)");
        assertThatThrownBy(() -> options(97, 5_000))
                .hasMessage("ring: 5000 bytes (expected: a power of two, 4096..536870912)");
        assertThatThrownBy(
                        () ->
                                new SamplerOptions(
                                        97,
                                        EventKind.CPU_CLOCK,
                                        4_096,
                                        0,
                                        CgroupSource.UNIFIED,
                                        SamplerOptions.Unwinding.TABLES))
                .hasMessage("wakeup: 0 bytes (expected: 1..4096)");
        assertThatThrownBy(() -> new SideBandOptions(1))
                .hasMessage("ring: 1 bytes (expected: a power of two, 4096..134217728)");
        assertThatThrownBy(() -> OwnProcess.setPriority(20))
                .hasMessage("nice: 20 (expected: -20..19)");
        assertThatThrownBy(() -> new SafeFileRules(-1, 0, 0, false))
                .hasMessage("rules: -1, 0 bytes (expected: 0 or more)");
        assertThatThrownBy(
                        () ->
                                new SamplerDescriptors(
                                        3,
                                        4,
                                        5,
                                        List.of(-1, -1, -1),
                                        List.of(7, 8),
                                        -1,
                                        List.of(0, 1),
                                        List.of(6),
                                        List.of(-1)))
                .hasMessage("descriptors: 2 CPUs, 1 events, 1 links (expected: as many of each)");
    }

    @Test
    void countersNameEveryReasonAndAddUp() {
        SamplerCounters counters =
                new SamplerCounters(
                        10,
                        100,
                        7,
                        70,
                        Map.of(DropReason.RING_FULL, new SamplerCounters.Drops(3, 30)),
                        0,
                        0,
                        0);
        assertThat(counters.drops()).containsOnlyKeys(DropReason.values());
        assertThat(counters.dropped()).isEqualTo(3);
        assertThat(counters.droppedNanos()).isEqualTo(30);
        assertThat(new SamplerCounters(0, 0, 0, 0, Map.of(), 0, 0, 0).dropped()).isZero();
    }

    private static SamplerOptions options(int frequencyHz, int ringBytes) {
        return new SamplerOptions(frequencyHz, EventKind.CPU_CLOCK, ringBytes);
    }
}
