package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.collector.Received.Sample;
import io.emberscope.collector.RunningCollector.Totals;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Five hundred processes a second, beside perf, which looks at the same time.
final class StormIT {
    private static final long WINDOW_NANOS = 10_000_000_000L;
    private static final long MILLI = 1_000_000L;
    private static final int WINDOWS = 2;

    @TempDir Path directory;

    /// Samples that are not idle, and those of the storm's program.
    private record Counts(long all, long ofStorm) {
        double share() {
            return (double) ofStorm / all;
        }
    }

    @Test
    void shareOfAProgramThatLivesForAMomentIsThatOfPerf() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path brief = programs.solo("stormdrop", "drop_work", "-DSALT=9");
        Path storm = programs.compile("storm", "storm");
        Path recording = directory.resolve("perf.data");
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=997")) {
            // Both count the same windows, which lie wholly within the storm.
            long epochMinusMonotonic = System.currentTimeMillis() * MILLI - System.nanoTime();
            long first = (System.currentTimeMillis() * MILLI / WINDOW_NANOS + 1) * WINDOW_NANOS;
            long end = first + WINDOWS * WINDOW_NANOS;
            long millis = (end - System.currentTimeMillis() * MILLI) / MILLI + 500;
            Process perf =
                    CPrograms.start(
                            "perf",
                            "record",
                            "-q",
                            "-a",
                            "-g",
                            "-e",
                            "cpu-clock",
                            "-F",
                            "997",
                            "-k",
                            "CLOCK_MONOTONIC",
                            "-o",
                            recording,
                            "--",
                            storm,
                            "500",
                            millis,
                            brief,
                            "1");
            assertThat(perf.waitFor()).isZero();
            Totals totals = collector.stop();
            assertThat(totals.dropped()).as("%s", collector.log()).isLessThan(totals.hits() / 200);
            assertThat(collector.log()).doesNotContain("giving priority up");

            Received received = sink.received();
            Predicate<Sample> counted = s -> s.startNanos() >= first && s.startNanos() < end;
            double ours =
                    (double)
                                    received.nanos(
                                            counted.and(
                                                    s ->
                                                            s.label("thread_name")
                                                                    .equals("stormdrop")))
                            / received.nanos(counted);
            Counts perfs =
                    perfSamples(recording, first - epochMinusMonotonic, end - epochMinusMonotonic);
            assertThat(perfs.all()).as("samples of perf").isGreaterThan(20_000);
            assertThat(ours)
                    .as("share; perf says %s", perfs.share())
                    .isCloseTo(perfs.share(), within(0.01));
            double named = received.nanos(sample -> sample.isIn("drop_work"));
            double all = received.nanos(sample -> sample.isOf("stormdrop"));
            assertThat(named / all).isGreaterThan(0.25);
        }
    }

    private static Counts perfSamples(Path recording, long fromNanos, long toNanos)
            throws Exception {
        Process script =
                CPrograms.start(
                        "perf", "script", "--ns", "-i", recording, "-F", "comm,time", "-G");
        long all = 0;
        long ofStorm = 0;
        try (BufferedReader lines = script.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // "           stormdrop 12345.123456789: "
                String text = line.strip();
                int space = text.lastIndexOf(' ');
                if (space > 0 && !text.startsWith("swapper") && !text.startsWith(":-1")) {
                    String time = text.substring(space + 1, text.length() - 1);
                    long nanos = (long) (Double.parseDouble(time) * 1e9);
                    if (nanos >= fromNanos && nanos < toNanos) {
                        all++;
                        ofStorm += text.startsWith("stormdrop") ? 1 : 0;
                    }
                }
            }
        }
        assertThat(script.waitFor()).isZero();
        return new Counts(all, ofStorm);
    }
}
