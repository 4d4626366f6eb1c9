package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.profile.CutMark;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.ProfileType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Storms of processes, of executed programs and of threads, tens of thousands of mappings, stacks
/// that are not in memory, waits by the thousand, hardly any room for tables, and a CPU that leaves
/// and returns, all at once: sampling goes on, what is lost is counted, and memory does not grow.
final class ChaosIT {
    private static final boolean LONG = Boolean.getBoolean("long");
    private static final int SECONDS = LONG ? 60 : 6;

    private static final int HZ = 97;
    private static final long MILLI = 1_000_000L;

    /// Processes a second that are asked for; a machine may not make so many.
    private static final int STORM = 1_000;

    /// More than the agent keeps of one process.
    private static final int MAPPINGS = 50_000;

    private static final String SENT = "emberscope_collector_send_attempts_total";
    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/cpu1/online");

    @TempDir private Path directory;

    @Test
    void samplingGoesOnAndMemoryDoesNotGrow() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path chaos = programs.compile("chaos", "chaos", "-fomit-frame-pointer", "-pthread");
        Path maps = programs.compile("chaos", "chaos-maps", "-fomit-frame-pointer", "-pthread");
        Path cold = programs.compile("coldstack", "coldstack", "-pthread");
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "off-cpu on\noff-cpu-min 0us\ncpu-budget 100%");
        long[] steady = new long[3];
        long[] resident = new long[3];
        List<Long> started = new ArrayList<>();
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"),
                                sink.address(),
                                "--frequency=" + HZ,
                                "--memory=" + RunningCollector.leastMemoryMiB() + "MiB",
                                "--sampling",
                                sampling.toString())) {
            for (int round = 0; round < steady.length; round++) {
                List<Process> running = new ArrayList<>();
                Process storm = CPrograms.start(chaos, "storm", STORM, SECONDS);
                running.add(CPrograms.start(chaos, "execs", SECONDS));
                running.add(CPrograms.start(chaos, "threads", SECONDS));
                running.add(CPrograms.start(maps, "maps", MAPPINGS, SECONDS));
                running.add(CPrograms.start(cold, 200, 20 * SECONDS));
                Process measured = CPrograms.start(chaos, "steady", SECONDS);
                if (round > 0 && Files.exists(ONLINE)) {
                    takeCpuAway();
                }
                steady[round] = number(measured);
                CPrograms.finish(measured);
                started.add(number(storm));
                CPrograms.finish(storm);
                for (Process process : running) {
                    CPrograms.finish(process);
                }
                // The window in which the round ended was sent.
                collector.awaitMetric(SENT, collector.metric(SENT) + 1);
                resident[round] = collector.metric("process_resident_memory_bytes") >> 20;
            }
            System.out.println("chaos: MB after each round " + java.util.Arrays.toString(resident));
            long refused = collector.metric("emberscope_collector_refused_mappings_total");
            RunningCollector.Totals totals = collector.stop();
            System.out.println("chaos: " + totals);
            long burnt = sink.received().nanos(sample -> sample.isIn("steady_work")) / 1_000_000;
            long wanted = steady[0] + steady[1] + steady[2];
            System.out.printf("chaos: %d of %d ms%n", burnt, wanted);
            // On a busy machine it gets little time, and few samples say little.
            double chance = 4 / Math.sqrt(HZ * wanted / 1000.0);
            assertThat((double) burnt / wanted).isCloseTo(1, within(0.05 + chance));
            assertThat(totals.dropped()).isLessThan(totals.hits() / 20);
            List<Long> rates = started.stream().map(processes -> processes / SECONDS).toList();
            System.out.printf("chaos: processes a second %s, of %d%n", rates, STORM);
            assertThat(rates).allMatch(rate -> rate >= (LONG ? STORM / 2 : STORM / 10));
            checkMapped(sink.received(), refused);
            assertThat(resident[2] - resident[1]).as("MB").isLessThan(16);
        }
    }

    /// A sample of the process with the many mappings has the right name where it burns, or none
    /// because the mapping was not kept, which is counted, or because of a reason that it tells.
    private static void checkMapped(Received received, long refused) {
        List<Received.Sample> burning =
                received.samples().stream()
                        .filter(sample -> sample.type().equals(ProfileType.CPU))
                        .filter(sample -> sample.isOf("chaos-maps"))
                        .filter(sample -> !sample.frames().isEmpty())
                        .filter(sample -> sample.frames().getFirst().kind() != FrameKind.KERNEL)
                        .toList();
        long named = 0;
        long marked = 0;
        long all = 0;
        Set<String> names = new TreeSet<>();
        for (Received.Sample sample : burning) {
            Frame leaf = sample.frames().getFirst();
            boolean isMarked = CutMark.reason(sample.frames().getLast()).isPresent();
            all += sample.nanos();
            if (leaf.binary().endsWith("/chaos-maps") && !leaf.lines().isEmpty()) {
                names.add(leaf.lines().getFirst().function());
                named += sample.nanos();
            } else {
                marked += isMarked ? sample.nanos() : 0;
            }
        }
        System.out.printf(
                "chaos: of %d ms in %d mappings %d ms named %s, %d ms marked; %d mappings refused%n",
                all / MILLI, MAPPINGS, named / MILLI, names, marked / MILLI, refused);
        assertThat(names).contains("mapped_work").isSubsetOf("mapped_work", "maps", "main", "now");
        assertThat(refused).as("mappings that are not kept").isPositive();
        // The rest is in libc, which has names or none.
        assertThat((named + marked) / (double) all).isGreaterThan(0.9);
    }

    private static void takeCpuAway() throws Exception {
        Thread.sleep(1_000);
        Files.writeString(ONLINE, "0");
        try {
            Thread.sleep(1_500);
        } finally {
            Files.writeString(ONLINE, "1");
        }
    }

    private static long number(Process process) throws Exception {
        byte[] out = process.getInputStream().readAllBytes();
        return Long.parseLong(new String(out, StandardCharsets.UTF_8).strip());
    }
}
