package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.WaitEnd;
import io.emberscope.profile.Frame;
import io.emberscope.profile.ProfileType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Waits of a program without frame pointers, through the real collector to a server.
@Tag("side-by-side")
final class OffCpuIT {
    private static final String HITS = "emberscope_collector_hits_total{profile=\"off_cpu\"}";

    private static final int UNSEEN_MAX = 3;
    private static final double WAIT_NANOS = 20e6;
    private static final int WAITS = 50;

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

    @ParameterizedTest
    @CsvSource({"TRACEPOINT, tables", "INTERRUPT, tables", "INTERRUPT, tables-bounded"})
    void waitsArriveWithTheirWholeStacksAndAsLongAsTheProgramFindsThem(
            WaitEnd end, String unwinding) throws Exception {
        RunningCollector.assumeRoot();
        Assumptions.assumeTrue(end.isHere(), "SKIPPED: this kernel cannot tell by " + end);
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "off-cpu on\noff-cpu-min 0us\ncpu-budget 100%");
        long sleeps;
        long locks;
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"),
                                sink.address(),
                                "--off-cpu-by",
                                end.name().toLowerCase(Locale.ROOT),
                                "--unwind",
                                unwinding,
                                "--sampling",
                                sampling.toString())) {
            collector.awaitMetric(HITS, 1);
            sleeps = run(compile("sleeper"), "sleep", WAITS, 20_000);
            locks = run(compile("locker"), "lock", WAITS, 20_000);
            // Some sandboxes hide threads of their own from tracing, and with them ends of waits.
            long unseen = collector.stop().dropped();
            Received received = sink.received();
            assertWaits(received, "sleeper", sleeps, unseen);
            assertWaits(received, "locker", locks, unseen);
        }
    }

    private static void assertWaits(Received received, String executable, long told, long unseen) {
        // It may wait for pages of its code there too, in other states.
        List<Received.Sample> waits =
                received.samples().stream()
                        .filter(sample -> sample.type().equals(ProfileType.OFF_CPU))
                        .filter(sample -> sample.isOf(executable))
                        .filter(sample -> sample.label("thread_state").equals("interruptible"))
                        .filter(sample -> sample.isIn("wait_once"))
                        .toList();
        double nanos = nanos(waits);
        assertThat(nanos).as("%s", executable).isLessThanOrEqualTo((double) told);
        // Of 50 waits one may have another state, or no stack.
        assertThat(told - nanos)
                .as("%s, %d unseen", executable, unseen)
                .isLessThan(told * 0.02 + (1 + Math.min(unseen, UNSEEN_MAX)) * WAIT_NANOS);
        double whole = nanos(waits.stream().filter(OffCpuIT::isWhole).toList());
        assertThat(whole / nanos).as("%s, whole", executable).isGreaterThanOrEqualTo(0.98);
        for (Received.Sample sample : waits) {
            assertThat(sample.frames().getFirst().lines().getFirst().function())
                    .isNotIn("__schedule", "schedule");
        }
    }

    private static long nanos(List<Received.Sample> waits) {
        return waits.stream().mapToLong(Received.Sample::nanos).sum();
    }

    private static boolean isWhole(Received.Sample sample) {
        Frame root = sample.frames().getLast();
        return sample.isIn("main")
                && root.lines().stream().anyMatch(line -> line.function().equals("_start"));
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
            Files.writeString(sampling, "off-cpu on\ncpu-budget 100%\nexclude command burning");
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
            // All of the second second, and none of the half before; how many of its milliseconds
            // are hit is chance where others use the CPU too.
            assertThat(burnt).isBetween(850_000_000L, 1_200_000_000L);
        }
    }
}
