package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// What is sampled changes while a program runs, as the file wishes and as the CPU budget allows:
/// fewer samples, and their sum is the program's CPU time all the same. The tests mostly wait, so
/// they run side by side, each with its own collector and its own programs.
@Tag("side-by-side")
final class SamplingIT {
    private static final boolean LONG = Boolean.getBoolean("long");
    private static final int HZ = 997;
    private static final String HITS = "emberscope_collector_hits_total{profile=\"process_cpu\"}";
    private static final String THINNED =
            "emberscope_collector_left_out_samples_total"
                    + "{profile=\"process_cpu\",reason=\"thinned\"}";
    private static final String SHARE = "emberscope_collector_sampling_share";
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(180);

    /// Of the clock's ticks a hypervisor swallows a few.
    private static final double SWALLOWED = 0.04;

    @TempDir private Path directory;

    /// What the file says, and which share of the program's hits it wants.
    private record Step(String text, double share) {}

    private static final List<Step> STEPS =
            List.of(
                    new Step("rate others 99.7", 0.1),
                    new Step("rate command changing 498.5\nrate others 99.7", 0.5),
                    new Step("", 1),
                    new Step("rate command changing 199.4", 0.2),
                    new Step("rate command changing 997\nrate others 49", 1),
                    new Step("rate others 299.1", 0.3));

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void sumsHoldWhileRatesChange() throws Exception {
        RunningCollector.assumeRoot();
        Path program = new CPrograms(directory).solo("changing", "changing_work");
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "cpu-budget 100%");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink, sampling)) {
            Process burner = CPrograms.start(program, 1_000_000);
            double variance = 0;
            long then = 0;
            double share = 1;
            try {
                for (int i = 0; i < STEPS.size(); i++) {
                    Step step = STEPS.get(i);
                    Files.writeString(sampling, "cpu-budget 100%\n" + step.text);
                    collector.awaitLog("sampling: off-CPU off", i + 1);
                    long now = CPrograms.cpuNanos(burner.pid());
                    // Until it was said, the one or the other held.
                    variance += (now - then) / Math.min(share, step.share);
                    then = now;
                    share = step.share;
                    now = burnOn(burner, then + 1_500_000_000L);
                    variance += (now - then) / share;
                    then = now;
                }
            } finally {
                burner.destroyForcibly().waitFor();
            }
            assertThat(collector.metric(THINNED)).isGreaterThan(1_000);
            collector.stop();
            double sampled = sink.received().nanos(sample -> sample.isOf("changing"));
            double chance = 4 * Math.sqrt(variance / HZ * 1e9) / then;
            System.out.printf(
                    Locale.ROOT,
                    "sampling: of %.2f s at changing rates %.4f, chance allows %.4f%n",
                    then / 1e9,
                    sampled / then,
                    chance);
            assertThat(sampled / then).isCloseTo(1, within(SWALLOWED + chance));
        }
    }

    /// Waits until a process has got so much CPU time, and returns how much it has.
    private static long burnOn(Process process, long cpuNanos) throws Exception {
        long start = System.nanoTime();
        long now = CPrograms.cpuNanos(process.pid());
        while (now < cpuNanos) {
            assertThat(System.nanoTime() - start).isLessThan(WAIT_NANOS);
            Thread.sleep(20);
            now = CPrograms.cpuNanos(process.pid());
        }
        return now;
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aSmallBudgetTakesFewerSamplesThatStandForAllOfThem() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path load = programs.compile("../../../../bpf/src/test/c/stacks", "load");
        Path measured = programs.compile("../../../../bpf/src/test/c/stacks", "measured");
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "cpu-budget 0.1%");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink, sampling)) {
            Process busy = CPrograms.start(load, "deep", 120, 1_000_000);
            long spent;
            double least;
            try {
                double most = awaitShare(collector, 0, 0.99);
                long hits = collector.metric(HITS);
                long thinned = collector.metric(THINNED);
                spent = burn(measured);
                hits = collector.metric(HITS) - hits;
                thinned = collector.metric(THINNED) - thinned;
                // It costs more than that however few are taken, so the share only falls.
                least = collector.gauge(SHARE);
                double chance = 4 * Math.sqrt(hits * most * (1 - most));
                System.out.printf(
                        Locale.ROOT,
                        "sampling: the budget left %.3f..%.3f, %d of %d hits thinned%n",
                        least,
                        most,
                        thinned,
                        hits);
                assertThat((double) thinned).isGreaterThan(hits * (1 - most) - chance);

                Files.writeString(sampling, "cpu-budget 100%");
                awaitShare(collector, LONG ? 1 : 1.2 * least, 1);
            } finally {
                busy.destroyForcibly().waitFor();
            }
            assertThat(collector.log()).contains("(budget: 0.10 %)", "(budget: 100.00 %)");
            collector.stop();
            double sampled = sink.received().nanos(sample -> sample.isOf("measured"));
            double chance = Chance.ofTime((double) spent, HZ * least);
            System.out.printf(
                    Locale.ROOT,
                    "sampling: of %.2f s within a small budget %.4f, chance allows %.4f%n",
                    spent / 1e9,
                    sampled / spent,
                    chance);
            assertThat(sampled / spent).isCloseTo(1, within(SWALLOWED + chance));
        }
    }

    /// Runs a program of deep stacks to its end and returns the CPU time that it says it had.
    private static long burn(Path program) throws Exception {
        Process process = CPrograms.start(program, "deep", 120, 8_000);
        try (BufferedReader out = process.inputReader()) {
            String last = out.readAllLines().getLast();
            CPrograms.finish(process);
            return Long.parseLong(last);
        }
    }

    private static double awaitShare(RunningCollector collector, double least, double most)
            throws Exception {
        long start = System.nanoTime();
        double share = collector.gauge(SHARE);
        while (share < least || share > most) {
            assertThat(System.nanoTime() - start)
                    .as("%s, %s", share, collector.log())
                    .isLessThan(WAIT_NANOS);
            Thread.sleep(200);
            share = collector.gauge(SHARE);
        }
        return share;
    }

    private RunningCollector start(Sink sink, Path sampling) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"),
                sink.address(),
                "--frequency=" + HZ,
                "--sampling",
                sampling.toString());
    }
}
