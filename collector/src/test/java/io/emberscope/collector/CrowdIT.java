package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.bpf.UnwindMemory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// More processes at once than the kernel can be told of: those sampled longest ago make room, and
/// no stack is the worse for it.
final class CrowdIT {
    private static final int PROCESSES = 9_500;

    /// So long that nearly each of them is sampled.
    private static final int MICROS = 1_200;

    private static final int HZ = 997;

    @TempDir private Path directory;

    @Test
    void moreProcessesThanTheKernelKnowsHaveWholeStacks() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path crowd = programs.compile("crowd", "crowd", "-fomit-frame-pointer");
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=" + HZ)) {
            Process process = CPrograms.start(crowd, PROCESSES, MICROS);
            byte[] said = process.getInputStream().readAllBytes();
            CPrograms.finish(process);
            collector.awaitMetric("emberscope_collector_unwind_processes_forgotten_total", 1);
            assertThat(collector.metric("emberscope_collector_unwind_processes"))
                    .isLessThanOrEqualTo(UnwindMemory.PROCESSES_MAX);
            RunningCollector.Totals totals = collector.stop();
            long told = Long.parseLong(new String(said, StandardCharsets.UTF_8).strip());
            long burnt = sink.received().nanos(sample -> sample.isIn("crowd_work"));
            long whole =
                    sink.received()
                            .nanos(sample -> sample.isIn("crowd_work") && sample.isIn("main"));
            System.out.printf(
                    "crowd: %d of %d ms, %.2f %% whole; %s%n",
                    burnt / 1_000_000, told / 1_000_000, 100.0 * whole / burnt, totals);
            totals.checkConservation();
            assertThat(totals.dropped()).isLessThan(totals.hits() / 100);
            assertThat((double) burnt / told).isCloseTo(1, within(0.1));
            assertThat((double) whole / burnt).isGreaterThan(0.99);
        }
    }
}
