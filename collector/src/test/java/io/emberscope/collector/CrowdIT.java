package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.bpf.UnwindMemory;
import io.emberscope.profile.CutMark;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// More processes at once than the kernel can be told of: those sampled longest ago make room, and
/// no stack is the worse for it.
@Timeout(180)
final class CrowdIT {
    private static final int PROCESSES = 9_500;

    /// So long that nearly each of them is sampled.
    private static final int MICROS = 1_200;

    private static final int HZ = 997;
    private static final String LOADED = "emberscope_collector_unwind_tables_loaded_total";

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
            // A binary's own table is there a moment after it is seen first.
            long loaded = collector.metric(LOADED);
            long told = burn(crowd, 20);
            collector.awaitMetric(LOADED, loaded + 1);
            collector.awaitQuiet("emberscope_collector_unwind_tables_waiting");
            told += burn(crowd, PROCESSES);
            collector.awaitMetric("emberscope_collector_unwind_processes_forgotten_total", 1);
            assertThat(collector.metric("emberscope_collector_unwind_processes"))
                    .isLessThanOrEqualTo(UnwindMemory.PROCESSES_MAX);
            RunningCollector.Totals totals = collector.stop();
            long burnt = sink.received().nanos(sample -> sample.isIn("crowd_work"));
            long whole =
                    sink.received()
                            .nanos(sample -> sample.isIn("crowd_work") && sample.isIn("main"));
            System.out.printf(
                    "crowd: %d of %d ms, %.2f %% whole; ms of others %s; %s%n",
                    burnt / 1_000_000,
                    told / 1_000_000,
                    100.0 * whole / burnt,
                    others(sink.received()),
                    totals);
            totals.checkConservation();
            assertThat(totals.dropped()).isLessThan(totals.hits() / 100);
            assertThat((double) burnt / told).isCloseTo(1, within(0.1));
            assertThat((double) whole / burnt).isGreaterThan(0.99);
        }
    }

    /// Milliseconds of stacks that are not whole, by what is at their end.
    private static Map<String, Long> others(Received received) {
        return received.samples().stream()
                .filter(sample -> sample.isIn("crowd_work") && !sample.isIn("main"))
                .collect(
                        Collectors.groupingBy(
                                sample ->
                                        CutMark.reason(sample.frames().getLast()).orElse("no mark"),
                                TreeMap::new,
                                Collectors.summingLong(sample -> sample.nanos() / 1_000_000)));
    }

    /// Runs so many at once.
    ///
    /// @return nanoseconds that they burnt together
    private static long burn(Path crowd, int processes) throws Exception {
        Process process = CPrograms.start(crowd, processes, MICROS);
        byte[] said = process.getInputStream().readAllBytes();
        CPrograms.finish(process);
        return Long.parseLong(new String(said, StandardCharsets.UTF_8).strip());
    }
}
