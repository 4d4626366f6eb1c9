package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.base.perf.PerfData;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kernel hits = stored + drops by reason, and the hits themselves are as many as perf counts.
class ConservationIT {
    private static final int FREQUENCY_HZ = 997;
    private static final int PERF_SECONDS = 12;

    /// The ring has some 2 kB for each of four seconds and hertz, and is full after 3 s where two
    /// CPUs are busy.
    private static final int PAUSE_SECONDS = 15;

    @TempDir Path directory;

    @Test
    void nothingIsLostSilentlyWhileTheConsumerIsPaused() throws Exception {
        Root.assume();
        Path program = CProgram.compile("truth", directory, "burner");
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ);
                Child burner = burn(program, PAUSE_SECONDS + 5)) {
            long before = stack.collectorCounts().sum("emberscope_collector_hits_total");
            stack.collector().signal("STOP");
            TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
            stack.collector().signal("CONT");
            assertThat(burner.await(Duration.ofMinutes(5))).isZero();

            Farewell farewell = stack.assertConserved();

            // Sampling went on while nobody read: at least one CPU was busy all the time.
            long hits = farewell.samples().get("hits") - before;
            assertThat(hits).isGreaterThan((long) PAUSE_SECONDS * FREQUENCY_HZ * 9 / 10);
            assertThat(farewell.reasons())
                    .as("the ring holds only seconds: %s", farewell)
                    .containsKey("ring_full");
            System.out.println("conservation, consumer paused: " + farewell);
        }
    }

    @Test
    void thereAreAsManyHitsAsPerfCounts() throws Exception {
        Root.assume();
        Path program = CProgram.compile("truth", directory, "burner");
        List<Child> burners = new ArrayList<>();
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ)) {
            for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
                burners.add(
                        Child.start(
                                directory.resolve("burner.out"),
                                Map.of(),
                                List.of(
                                        "taskset",
                                        "-c",
                                        Integer.toString(cpu),
                                        program.toString(),
                                        Integer.toString(10 * PERF_SECONDS),
                                        "1")));
            }
            TimeUnit.SECONDS.sleep(1);
            long[] hits = new long[2];
            long[] nanos = new long[2];
            try (Child perf = recordAsPerfDoes()) {
                // Of perf's seconds the middle ones: its start and end are its own.
                TimeUnit.SECONDS.sleep(2);
                for (int i = 0; i < 2; i++) {
                    hits[i] = stack.collectorCounts().sum("emberscope_collector_hits_total");
                    nanos[i] = System.nanoTime();
                    TimeUnit.SECONDS.sleep(i == 0 ? PERF_SECONDS - 4 : 0);
                }
                assertThat(perf.await(Duration.ofMinutes(2))).as(perf.out()).isZero();
            }
            double ours = (hits[1] - hits[0]) / ((nanos[1] - nanos[0]) / 1e9);
            double perfs = samplesASecondByPerf();
            System.out.printf("hits a second: ours %.1f, perf's %.1f%n", ours, perfs);
            assertThat(ours).isCloseTo(perfs, within(perfs * 0.02));
            for (Child burner : burners) {
                burner.kill();
            }
            stack.assertConserved();
        } finally {
            for (Child burner : burners) {
                burner.kill();
            }
        }
    }

    private Child burn(Path program, int seconds) throws Exception {
        int threads = Runtime.getRuntime().availableProcessors();
        return Child.start(
                directory.resolve("burner.out"),
                Map.of(),
                List.of(program.toString(), Integer.toString(seconds), Integer.toString(threads)));
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
                        "-e",
                        "cpu-clock:I",
                        // For the seconds in which it gets no CPU: what it loses is not chance.
                        "-m",
                        "32M",
                        "-F",
                        Integer.toString(FREQUENCY_HZ),
                        // It may abort while it looks for build ids.
                        "--no-buildid",
                        "--no-buildid-cache",
                        "-o",
                        directory.resolve("perf.data").toString(),
                        "--",
                        "sleep",
                        Integer.toString(PERF_SECONDS)));
    }

    /// In the middle nine tenths of perf's samples, by their own times.
    private double samplesASecondByPerf() throws Exception {
        long[] nanos = PerfData.sampleNanos(directory.resolve("perf.data"));
        assertThat(nanos.length).isGreaterThan(1000);
        int first = nanos.length / 20;
        int last = nanos.length - 1 - first;
        return (last - first) / ((nanos[last] - nanos[first]) / 1e9);
    }
}
