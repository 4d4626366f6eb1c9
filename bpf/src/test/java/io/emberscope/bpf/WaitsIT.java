package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Time in which threads wait, against what the waiting programs measure themselves.
class WaitsIT {
    private static final SamplerOptions OPTIONS =
            new SamplerOptions(19, EventKind.CPU_CLOCK, 16 << 20);

    @TempDir static Path directory;
    private static String waiter;

    @BeforeAll
    static void compile() throws Exception {
        waiter = Burner.compile("waiter.c", directory).toString();
    }

    /// Waits of the first thread of a program.
    private static final class Seen {
        private final WaitState state;
        private int waits;
        private long nanos;
        private double squares;

        Seen(WaitState state) {
            this.state = state;
        }

        void add(Sample sample) {
            // What it waits for in other ways, before and after, it does not tell.
            if (sample.waitState() != state) {
                return;
            }
            waits++;
            nanos += sample.weightNanos();
            squares += (double) sample.weightNanos() * sample.weightNanos();
        }
    }

    /// Runs the program to its end; `told` gets what it measured.
    private static Seen run(SamplingRules rules, WaitState state, long[] told, String... arguments)
            throws Exception {
        Seen seen = new Seen(state);
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            sampler.choose(rules);
            sampler.startWaits();
            String[] command = new String[arguments.length + 1];
            command[0] = waiter;
            System.arraycopy(arguments, 0, command, 1, arguments.length);
            try (Child child = Child.start(command)) {
                SampleHandler own =
                        sample -> {
                            if (sample.isWait() && sample.tid() == child.pid()) {
                                seen.add(sample);
                            }
                        };
                while (child.isAlive()) {
                    sampler.await(Duration.ofMillis(50));
                    sampler.poll(own);
                }
                told[0] = Long.parseLong(child.line());
                child.end();
                sampler.stop();
                sampler.poll(own);
            }
            Conservation.holds(sampler.waitCounters());
            assertThat(lost(sampler.waitCounters())).isZero();
        }
        return seen;
    }

    private static long lost(SamplerCounters counters) {
        return counters.drops().entrySet().stream()
                .filter(drop -> !drop.getKey().isWanted())
                .mapToLong(drop -> drop.getValue().samples())
                .sum();
    }

    private static SamplingRules rules(double probability, long minMicros) {
        return new SamplingRules(1, probability, Duration.ofNanos(minMicros * 1_000), List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "sleep, INTERRUPTIBLE",
        "lock, INTERRUPTIBLE",
        "pipe, INTERRUPTIBLE",
        "vfork, KILLABLE"
    })
    void waitsAreAsLongAsTheProgramFindsThem(String kind, WaitState state) throws Exception {
        long[] told = new long[1];
        Seen seen = run(rules(1, 0), state, told, kind, "100", "5000");
        assertThat(seen.waits).isBetween(100, 220);
        assertThat((double) seen.nanos).isCloseTo((double) told[0], Percentage.withPercentage(2));
    }

    @Test
    void sumsHoldWhereFewAreChosen() throws Exception {
        long[] told = new long[1];
        double probability = 0.1;
        Seen seen =
                run(rules(probability, 0), WaitState.INTERRUPTIBLE, told, "sleep", "4000", "500");
        // What is chosen is binomial: four of its standard deviations.
        assertThat(seen.waits).isCloseTo(400, within((int) (4 * Math.sqrt(4_000 * 0.1 * 0.9))));
        double deviation = Math.sqrt(seen.squares * (1 - probability));
        assertThat((double) seen.nanos)
                .isCloseTo((double) told[0], within(4 * deviation + told[0] * 0.02));
    }

    @Test
    void waitsThatAreTooShortAreCountedAndNoSamples() throws Exception {
        long[] told = new long[1];
        Seen seen =
                run(rules(1, 10_000_000), WaitState.INTERRUPTIBLE, told, "sleep", "200", "2000");
        assertThat(seen.waits).isZero();
        seen = run(rules(1, 0), WaitState.INTERRUPTIBLE, told, "sleep", "200", "2000");
        assertThat(seen.waits).isGreaterThanOrEqualTo(200);
    }

    @Test
    void samplingOfWaitsCanBeginAndEndAgainAndAgain() throws Exception {
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            long hits = 0;
            for (int i = 0; i < 3; i++) {
                sampler.startWaits();
                assertThatThrownBy(sampler::startWaits)
                        .isInstanceOf(BpfException.class)
                        .hasMessageContaining("on already");
                assertThat(sampler.waitProgramStats().memoryBytes()).isPositive();
                Burner.run(List.of(waiter, "sleep", "10", "2000"));
                sampler.stopWaits();
                sampler.stopWaits();
                assertThat(sampler.waitProgramStats().memoryBytes()).isZero();
                assertThat(sampler.waitCounters().hits()).isGreaterThanOrEqualTo(hits + 10);
                hits = sampler.waitCounters().hits();
                Burner.run(List.of(waiter, "sleep", "10", "2000"));
                assertThat(sampler.waitCounters().hits()).isEqualTo(hits);
            }
            sampler.poll(_ -> {});
            Conservation.holds(sampler.waitCounters());
        }
    }

    @Test
    void theKernelStackOfAWaitBeginsWithWhatCalledTheScheduler() throws Exception {
        List<String> symbols = Burner.run(List.of("cat", "/proc/kallsyms")).lines().toList();
        // Where others trace the scheduler too, there is one more frame of tracing.
        try (Sampler other = Sampler.open(OPTIONS);
                Sampler sampler = Sampler.open(OPTIONS)) {
            other.startWaits();
            sampler.startWaits();
            long[][] stack = new long[1][];
            try (Child child = Child.start(waiter, "sleep", "20", "3000")) {
                child.line();
                child.end();
                sampler.stop();
                sampler.poll(
                        sample -> {
                            if (sample.isWait() && sample.tid() == child.pid()) {
                                stack[0] = new long[sample.kernelFrameCount()];
                                for (int i = 0; i < stack[0].length; i++) {
                                    stack[0][i] = sample.kernelFrame(i);
                                }
                            }
                        });
            }
            List<String> names = new ArrayList<>();
            for (long address : stack[0]) {
                names.add(name(symbols, address));
            }
            assertThat(names).startsWith("do_nanosleep");
        }
    }

    private static String name(List<String> symbols, long address) {
        String best = "?";
        long start = 0;
        for (String line : symbols) {
            String[] fields = line.split("\\s", -1);
            long at = Long.parseUnsignedLong(fields[0], 16);
            if (Long.compareUnsigned(at, address) <= 0 && Long.compareUnsigned(at, start) >= 0) {
                start = at;
                best = fields[2];
            }
        }
        return best;
    }
}
