package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.collector.RunningCollector.Totals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What happens in the first seconds, and where every CPU is taken.
final class StartIT {
    private static final int CAP_SYS_RESOURCE = 24;
    private static final long SECOND = 1_000_000_000L;
    private static final String SENT = "emberscope_collector_send_attempts_total";

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(ints = {19, 97, 997})
    void programThatRunsAlreadyIsSampledAndNamedFromTheStart(int frequency) throws Exception {
        RunningCollector.assumeRoot();
        Path burner = new CPrograms(directory).solo("busy-before", "busy_work");
        Process busy = CPrograms.start(burner, "600000");
        try (Sink sink = new Sink()) {
            Thread.sleep(300);
            long begin = System.nanoTime();
            long before = CPrograms.cpuNanos(busy.pid());
            RunningCollector collector =
                    RunningCollector.start(
                            directory.resolve("data"), sink.address(), "--frequency=" + frequency);
            long ready = CPrograms.cpuNanos(busy.pid());
            Thread.sleep(3_000);
            long stopping = CPrograms.cpuNanos(busy.pid());
            Totals totals = collector.stop();
            long after = CPrograms.cpuNanos(busy.pid());
            double share = Math.min(1, (after - before) / (double) (System.nanoTime() - begin));
            collector.close();
            assertThat(totals.dropped()).isZero();

            Received received = sink.received();
            long sampled = received.nanos(sample -> sample.isOf("busy-before"));
            long named = received.nanos(sample -> sample.isIn("busy_work"));
            // It was attached before it was ready, and detached after it was told to stop.
            long period = SECOND / frequency;
            // A hypervisor swallows a few ticks; and while others have the CPU, which of the ticks
            // hit is chance.
            double deviation = Math.sqrt((double) (after - before) / period) * period;
            double noise = deviation * (0.4 + 4 * Math.sqrt(1 - share));
            assertThat((double) sampled)
                    .isGreaterThan((stopping - ready) - noise - 2.0 * period)
                    .isLessThan((after - before) + noise + 2.0 * period);
            assertThat((double) named).isGreaterThan(sampled * 0.97 - period);
        } finally {
            busy.destroyForcibly().waitFor();
        }
    }

    @Test
    void hogsWithNearlyTheHighestPriorityOnEveryCpuDoNotStarveIt() throws Exception {
        RunningCollector.assumeRoot();
        Path burner = new CPrograms(directory).solo("hog", "hog_work");
        int cpus = Runtime.getRuntime().availableProcessors();
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(directory.resolve("data"), sink.address())) {
            List<Process> hogs = new ArrayList<>();
            for (int cpu = 0; cpu < cpus; cpu++) {
                hogs.add(CPrograms.start("nice", "-n", "-19", burner, "600000"));
            }
            try {
                // They have used the CPUs for a while, and what was sampled meanwhile is sent.
                Thread.sleep(2_000);
                collector.awaitMetric(SENT, collector.metric(SENT) + 1);
                Totals totals = collector.stop();
                assertThat(totals.dropped()).isZero();
                assertThat(totals.delivered()).isEqualTo(totals.hits());
            } finally {
                for (Process hog : hogs) {
                    hog.destroyForcibly().waitFor();
                }
            }
            long hogged = sink.received().nanos(sample -> sample.isIn("hog_work"));
            assertThat(hogged).isGreaterThan(sink.received().nanos() / 10);
        }
    }

    /// Others ask for the right to raise limits, or for a tracing file system, and end without.
    @Test
    void neitherRaisedLimitsNorTracefsAreNeeded() throws Exception {
        RunningCollector.assumeRoot();
        List<String> wrapper =
                List.of(
                        "unshare",
                        "--mount",
                        "sh",
                        "-c",
                        "umount -l /sys/kernel/debug /sys/kernel/tracing 2>/dev/null; exec \"$@\"",
                        "sh",
                        "prlimit",
                        "--memlock=65536:65536",
                        "setpriv",
                        "--inh-caps=-sys_resource",
                        "--bounding-set=-sys_resource");
        Path burner = new CPrograms(directory).solo("limited", "limited_work");
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                wrapper, directory.resolve("data"), sink.address())) {
            Path proc = Path.of("/proc/" + collector.pid());
            assertThat(Files.readString(proc.resolve("mounts"))).doesNotContain("tracefs");
            assertThat(capabilities(proc) & 1L << CAP_SYS_RESOURCE).isZero();
            CPrograms.finish(CPrograms.start(burner, "1500"));
            Totals totals = collector.stop();
            assertThat(totals.dropped()).isZero();
            assertThat(totals.delivered()).isEqualTo(totals.hits()).isPositive();
            assertThat(sink.received().nanos(sample -> sample.isIn("limited_work")))
                    .isGreaterThan(SECOND);
        }
    }

    private static long capabilities(Path proc) throws IOException {
        return Files.readAllLines(proc.resolve("status")).stream()
                .filter(line -> line.startsWith("CapEff:"))
                .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                .findFirst()
                .orElseThrow();
    }
}
