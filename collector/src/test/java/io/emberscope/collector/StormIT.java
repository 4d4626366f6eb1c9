package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.collector.RunningCollector.Totals;
import java.io.BufferedReader;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Five hundred processes a second, beside perf.
final class StormIT {
    private static final int MILLIS = 20_000;

    @TempDir Path directory;

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
                            "-o",
                            recording,
                            "--",
                            storm,
                            "500",
                            MILLIS,
                            brief,
                            "1");
            assertThat(perf.waitFor()).isZero();
            Totals totals = collector.stop();
            assertThat(totals.dropped())
                    .as("%s", collector.log())
                    .isLessThan(totals.hits() / 200);
            assertThat(collector.log()).doesNotContain("giving priority up");

            Received received = sink.received();
            long[] perfs = perfSamples(recording);
            double perfShare = (double) perfs[1] / perfs[0];
            double ours =
                    (double) received.nanos(s -> s.label("thread_name").equals("stormdrop"))
                            / received.nanos();
            assertThat(perfs[0]).as("samples of perf").isGreaterThan(20_000);
            assertThat(totals.delivered()).as("our samples").isGreaterThan(20_000);
            // Both are samples: two standard deviations are 1.5 points when the machine is busy
            // with other things before and after perf looks.
            assertThat(ours).as("share, perf %s", perfShare).isCloseTo(perfShare, within(0.02));
            double named = received.nanos(sample -> sample.isIn("drop_work"));
            double all = received.nanos(sample -> sample.isOf("stormdrop"));
            assertThat(named / all).isGreaterThan(0.25);
        }
    }

    /// All samples that are not idle, and those of the storm's program.
    private static long[] perfSamples(Path recording) throws Exception {
        Process script = CPrograms.start("perf", "script", "-i", recording, "-F", "comm", "-G");
        long[] counts = new long[2];
        try (BufferedReader lines = script.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String comm = line.strip();
                if (comm.startsWith(":")) {
                    comm = comm.substring(1);
                }
                if (!comm.isEmpty() && !comm.startsWith("swapper")) {
                    counts[0]++;
                    counts[1] += comm.equals("stormdrop") ? 1 : 0;
                }
            }
        }
        assertThat(script.waitFor()).isZero();
        return counts;
    }
}
