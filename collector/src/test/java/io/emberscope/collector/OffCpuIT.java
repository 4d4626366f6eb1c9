package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.ProfileType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Waits of a program without frame pointers, through the real collector to a server.
final class OffCpuIT {
    private static final String HITS = "emberscope_collector_hits_total{profile=\"off_cpu\"}";

    @TempDir private Path directory;

    private Path compile(String name) throws Exception {
        return new CPrograms(directory)
                .compile(
                        "../../../../bpf/src/test/c/waiter",
                        name,
                        "-fomit-frame-pointer",
                        "-pthread");
    }

    /// Nanoseconds that the program waited by its own account.
    private static long run(Path program, String kind, int count, int micros) throws Exception {
        Process process = CPrograms.start(program, kind, count, micros);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        CPrograms.finish(process);
        return Long.parseLong(out.strip());
    }

    @Test
    void waitsArriveWithTheirWholeStacksAndAsLongAsTheProgramFindsThem() throws Exception {
        RunningCollector.assumeRoot();
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "off-cpu on\noff-cpu-min 0us\ncpu-budget 100%");
        long sleeps;
        long locks;
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"),
                                sink.address(),
                                "--sampling",
                                sampling.toString())) {
            collector.awaitMetric(HITS, 1);
            sleeps = run(compile("sleeper"), "sleep", 200, 5_000);
            locks = run(compile("locker"), "lock", 200, 5_000);
            collector.stop();
            Received received = sink.received();
            assertWaits(received, "sleeper", sleeps);
            assertWaits(received, "locker", locks);
        }
    }

    private static void assertWaits(Received received, String executable, long told) {
        List<Received.Sample> waits =
                received.samples().stream()
                        .filter(sample -> sample.type().equals(ProfileType.OFF_CPU))
                        .filter(sample -> sample.isOf(executable))
                        .filter(sample -> sample.isIn("wait_once") || sample.isIn("prepare"))
                        .toList();
        long nanos = waits.stream().mapToLong(Received.Sample::nanos).sum();
        assertThat((double) nanos)
                .as("%s", executable)
                .isCloseTo((double) told, Percentage.withPercentage(2));
        for (Received.Sample sample : waits) {
            assertThat(sample.label("thread_state")).isEqualTo("interruptible");
            Frame root = sample.frames().getLast();
            assertThat(root.lines().getFirst().function()).isEqualTo("_start");
            assertThat(sample.isIn("main")).isTrue();
            assertThat(sample.frames().getFirst().lines().getFirst().function())
                    .isNotIn("__schedule", "schedule");
        }
    }

    @Test
    void itIsTurnedOnAndOffAndRulesAreObeyedWhileTheCollectorRuns() throws Exception {
        RunningCollector.assumeRoot();
        Path sampling = directory.resolve("sampling.conf");
        Path burning = new CPrograms(directory).solo("burning", "burning_work");
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"),
                                sink.address(),
                                "--frequency=997",
                                "--sampling",
                                sampling.toString())) {
            assertThat(collector.metric(HITS)).isZero();
            Files.writeString(sampling, "off-cpu on\nexclude command burning");
            collector.awaitMetric(HITS, 1);
            CPrograms.finish(CPrograms.start(burning, "500"));
            assertThat(
                            collector.metric(
                                    "emberscope_collector_left_out_samples_total"
                                            + "{profile=\"process_cpu\",reason=\"excluded\"}"))
                    .isGreaterThan(100);
            Files.delete(sampling);
            collector.awaitLog("off-CPU off, 0 rules");
            long hits = collector.metric(HITS);
            CPrograms.finish(CPrograms.start(burning, "1000"));
            assertThat(collector.metric(HITS)).isEqualTo(hits);
            collector.stop();
            long burnt = sink.received().nanos(sample -> sample.isIn("burning_work"));
            assertThat(burnt).isBetween(500_000_000L, 1_050_000_000L);
        }
    }
}
