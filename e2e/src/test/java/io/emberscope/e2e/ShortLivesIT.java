package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.profile.MergedProfile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Processes that live for milliseconds.
class ShortLivesIT {
    private static final int FREQUENCY_HZ = 997;
    private static final int RATE = 500;
    private static final int WINDOW_SECONDS = 10;
    private static final int PERF_SECONDS = 30;
    private static final int SAMPLES_MIN = 40_000;

    @TempDir Path directory;

    @Test
    void aStormsShareIsThatOfPerfInTheSameRun() throws Exception {
        Root.assume();
        Path storm = CProgram.compile("storm", directory, "storm");
        Files.copy(storm, directory.resolve("shortlife"));
        Path filler = CProgram.compile("truth", directory, "filler");
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ);
                Child storming =
                        start("storm.out", storm, "" + RATE, "" + (PERF_SECONDS + 40), "1500");
                // Takes what the storm leaves, so that there are enough samples.
                Child filling = start("filler.out", filler, "600", "" + cpus())) {
            long from = awaitWindow();
            try (Child perf = recordAsPerfDoes()) {
                assertThat(perf.await(Duration.ofMinutes(3))).as(perf.out()).isZero();
            }
            long to = from + PERF_SECONDS * 1000L;
            // A window is sent after its end, and the storm must go on to that.
            TimeUnit.SECONDS.sleep(WINDOW_SECONDS / 2);
            filling.kill();
            stack.assertConserved();

            MergedProfile all = stack.profile("{}", "" + from, "" + to);
            MergedProfile ours =
                    stack.profile("{executable=~\"shortlife|storm\"}", "" + from, "" + to);
            long oursCount = all.total() / (1_000_000_000L / FREQUENCY_HZ);
            double share = (double) ours.total() / all.total();
            double[] perf = shareByPerf();
            System.out.printf(
                    "storm: share %.4f of %d samples, perf's %.4f of %.0f%n",
                    share, oursCount, perf[0], perf[1]);

            assertThat(oursCount).isGreaterThanOrEqualTo(SAMPLES_MIN);
            assertThat(perf[1]).isGreaterThanOrEqualTo(SAMPLES_MIN);
            // Both are samples: the difference of two that are four standard deviations off.
            double deviation = Math.sqrt(share * (1 - share) * (1.0 / oursCount + 1.0 / perf[1]));
            assertThat(share).isCloseTo(perf[0], within(Math.max(0.01, 4 * deviation)));
            // They have their own stacks, not only their name. How much of their time is their own
            // function's depends on what the kernel takes to start and end them here.
            assertThat(RealStack.totalOf(ours, "burn_briefly")).isGreaterThan(ours.total() / 8);
            assertThat(storming.isAlive()).as("the storm outlasts the measurement").isTrue();
        }
    }

    private Child start(String output, Path program, String... arguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return Child.start(directory.resolve(output), Map.of(), command);
    }

    private Child recordAsPerfDoes() throws Exception {
        return Child.start(
                directory.resolve("perf.out"),
                Map.of(),
                List.of(
                        "perf",
                        "record",
                        "-q",
                        "-a",
                        "-g",
                        "-e",
                        "cpu-clock:I",
                        // For the seconds in which it gets no CPU: what it loses is not chance.
                        "-m",
                        "32M",
                        "-F",
                        "" + FREQUENCY_HZ,
                        // Its tools may abort while they look for build ids.
                        "--no-buildid",
                        "--no-buildid-cache",
                        "-o",
                        directory.resolve("perf.data").toString(),
                        "--",
                        "sleep",
                        "" + PERF_SECONDS));
    }

    /// Waits for the start of a window.
    ///
    /// @return its time in milliseconds since the epoch
    private static long awaitWindow() throws InterruptedException {
        long windowMillis = WINDOW_SECONDS * 1000L;
        long now = System.currentTimeMillis();
        long next = (now / windowMillis + 1) * windowMillis;
        TimeUnit.MILLISECONDS.sleep(next - now);
        return next;
    }

    /// The storm's share of perf's samples, and how many there are.
    private double[] shareByPerf() throws Exception {
        Run script =
                Run.of(
                        directory,
                        Map.of(),
                        List.of("perf", "script", "-i", "perf.data", "-F", "comm", "-G"));
        Matcher comm = Pattern.compile("(?m)^ *(\\S.*?) *$").matcher(script.out());
        double storm = 0;
        double all = 0;
        while (comm.find()) {
            all++;
            storm += comm.group(1).matches("shortlife|storm") ? 1 : 0;
        }
        return new double[] {storm / all, all};
    }

    private static int cpus() {
        return Runtime.getRuntime().availableProcessors();
    }
}
