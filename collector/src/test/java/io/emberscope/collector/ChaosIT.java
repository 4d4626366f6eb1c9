package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Storms of processes, of executed programs and of threads, tens of thousands of mappings, stacks
/// that are not in memory, waits by the thousand, hardly any room for tables, and a CPU that leaves
/// and returns, all at once: sampling goes on, what is lost is counted, and memory does not grow.
final class ChaosIT {
    private static final boolean LONG = Boolean.getBoolean("long");
    private static final int SECONDS = LONG ? 60 : 6;

    private static final int HZ = 97;

    /// More than the agent keeps of one process.
    private static final int MAPPINGS = 50_000;

    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/cpu1/online");

    @TempDir private Path directory;

    @Test
    void samplingGoesOnAndMemoryDoesNotGrow() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path chaos = programs.compile("chaos", "chaos", "-fomit-frame-pointer", "-pthread");
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
                Process storm = CPrograms.start(chaos, "storm", 1_000, SECONDS);
                running.add(CPrograms.start(chaos, "execs", SECONDS));
                running.add(CPrograms.start(chaos, "threads", SECONDS));
                running.add(CPrograms.start(chaos, "maps", MAPPINGS, SECONDS));
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
                // Windows are sent after ten seconds and one for stragglers.
                Thread.sleep(15_000);
                resident[round] = collector.metric("process_resident_memory_bytes") >> 20;
            }
            System.out.println("chaos: MB after each round " + java.util.Arrays.toString(resident));
            RunningCollector.Totals totals = collector.stop();
            System.out.println("chaos: " + totals);
            long burnt = sink.received().nanos(sample -> sample.isIn("steady_work")) / 1_000_000;
            long wanted = steady[0] + steady[1] + steady[2];
            System.out.printf("chaos: %d of %d ms; storms %s%n", burnt, wanted, started);
            // On a busy machine it gets little time, and few samples say little.
            double chance = 4 / Math.sqrt(HZ * wanted / 1000.0);
            assertThat((double) burnt / wanted).isCloseTo(1, within(0.05 + chance));
            assertThat(totals.dropped()).isLessThan(totals.hits() / 20);
            assertThat(started).allMatch(processes -> processes > 50L * SECONDS);
            assertThat(resident[2] - resident[1]).as("MB").isLessThan(16);
        }
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
