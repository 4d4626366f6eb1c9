package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The kernel stops events that come too often, for a tick at a time. Short, since every sampler on
/// this machine feels it.
class ThrottleIT {
    private static final Path LIMIT = Path.of("/proc/sys/kernel/perf_event_max_sample_rate");

    @TempDir static Path directory;

    @Test
    void throttlingIsCounted() throws Exception {
        Path burner = Burner.compile("burner.c", directory);
        SamplerOptions options = new SamplerOptions(9_999, EventKind.CPU_CLOCK, 8 << 20);
        try (Sampler sampler = Sampler.open(options)) {
            assertThat(sampler.counters().throttles()).isZero();
            try (Disturbance limit = Disturbance.of(LIMIT);
                    Burner process = Burner.start(burner, 100, 0)) {
                limit.set("1");
                process.spentNanos();
            }
            sampler.stop();
            sampler.poll(_ -> {});
            assertThat(sampler.counters().throttles()).isPositive();
            Conservation.holds(sampler);
        }
    }
}
