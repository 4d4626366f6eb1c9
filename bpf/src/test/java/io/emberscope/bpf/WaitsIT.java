package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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

    private static void assumeHas(WaitEnd how) throws Exception {
        assumeTrue(how.isHere(), "SKIPPED: this kernel cannot tell by " + how);
    }

    /// Waits of the first thread of a program, but for those that are less than half as long as it
    /// was told to wait: before and after it waits a little in other ways, for files and for pages
    /// of its own memory, of which it does not tell.
    private static final class Seen {
        private final WaitState state;
        private final long leastNanos;
        private int waits;
        private long nanos;
        private double squares;
        private long unseen;

        Seen(WaitState state, long leastNanos) {
            this.state = state;
            this.leastNanos = leastNanos;
        }

        void add(Sample sample) {
            if (sample.waitState() != state || sample.weightNanos() < leastNanos) {
                return;
            }
            waits++;
            nanos += sample.weightNanos();
            squares += (double) sample.weightNanos() * sample.weightNanos();
        }
    }

    /// Runs the program to its end.
    ///
    /// @param told gets what it measured
    /// @param count of its waits
    /// @param micros of each
    private static Seen run(
            WaitEnd how,
            SamplingRules rules,
            WaitState state,
            long[] told,
            String kind,
            int count,
            int micros)
            throws Exception {
        Seen seen = new Seen(state, Math.round(micros * 500 / rules.waits()));
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            sampler.choose(rules);
            sampler.startWaits(how);
            try (Child child =
                    Child.start(waiter, kind, Integer.toString(count), Integer.toString(micros))) {
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
            seen.unseen = drops(sampler.waitCounters(), DropReason.UNSEEN);
            assertThat(lost(sampler.waitCounters()) - seen.unseen).isZero();
        }
        return seen;
    }

    private static long lost(SamplerCounters counters) {
        return counters.drops().entrySet().stream()
                .filter(drop -> !drop.getKey().isWanted())
                .mapToLong(drop -> drop.getValue().samples())
                .sum();
    }

    private static long drops(SamplerCounters counters, DropReason reason) {
        return counters.drops().get(reason).samples();
    }

    private static SamplingRules rules(double probability, long minMicros) {
        return new SamplingRules(1, probability, Duration.ofNanos(minMicros * 1_000), List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "TRACEPOINT, sleep, INTERRUPTIBLE",
        "TRACEPOINT, lock, INTERRUPTIBLE",
        "TRACEPOINT, pipe, INTERRUPTIBLE",
        "TRACEPOINT, vfork, KILLABLE",
        "INTERRUPT, sleep, INTERRUPTIBLE",
        "INTERRUPT, lock, INTERRUPTIBLE",
        "INTERRUPT, pipe, INTERRUPTIBLE",
        "INTERRUPT, vfork, KILLABLE"
    })
    void waitsAreAsLongAsTheProgramFindsThem(WaitEnd how, String kind, WaitState state)
            throws Exception {
        assumeHas(how);
        long[] told = new long[1];
        Seen seen = run(how, rules(1, 0), state, told, kind, 50, 20_000);
        // Some sandboxes hide threads of their own from tracing, and with them the end of our wait
        // where an interrupt tells it; a tracepoint of ours is not hidden. Ends that were not seen
        // may be those of any thread of the machine, so that their number alone tells nothing.
        int tries = how == WaitEnd.INTERRUPT ? 5 : 1;
        for (int i = 1; i < tries && seen.unseen > 0 && seen.nanos < told[0] * 0.98; i++) {
            seen = run(how, rules(1, 0), state, told, kind, 50, 20_000);
        }
        assertThat(seen.waits).isBetween(49, 55);
        assertThat((double) seen.nanos).isCloseTo((double) told[0], Percentage.withPercentage(2));
    }

    @ParameterizedTest
    @EnumSource
    void sumsHoldWhereFewAreChosen(WaitEnd how) throws Exception {
        assumeHas(how);
        long[] told = new long[1];
        double probability = 0.1;
        Seen seen =
                run(how, rules(probability, 0), WaitState.INTERRUPTIBLE, told, "sleep", 4_000, 500);
        // What is chosen is binomial: four of its standard deviations.
        assertThat(seen.waits).isCloseTo(400, within((int) (4 * Math.sqrt(4_000 * 0.1 * 0.9))));
        double deviation = Math.sqrt(seen.squares * (1 - probability));
        assertThat((double) seen.nanos)
                .isCloseTo((double) told[0], within(4 * deviation + told[0] * 0.02));
    }

    @ParameterizedTest
    @EnumSource
    void waitsThatAreTooShortAreCountedAndNoSamples(WaitEnd how) throws Exception {
        assumeHas(how);
        long[] told = new long[1];
        Seen seen =
                run(how, rules(1, 10_000_000), WaitState.INTERRUPTIBLE, told, "sleep", 200, 2_000);
        assertThat(seen.waits).isZero();
        seen = run(how, rules(1, 0), WaitState.INTERRUPTIBLE, told, "sleep", 200, 2_000);
        assertThat(seen.waits + seen.unseen).isGreaterThanOrEqualTo(200);
    }

    @ParameterizedTest
    @EnumSource
    void samplingOfWaitsCanBeginAndEndAgainAndAgain(WaitEnd how) throws Exception {
        assumeHas(how);
        try (Sampler sampler = Sampler.open(OPTIONS)) {
            long hits = 0;
            for (int i = 0; i < 3; i++) {
                sampler.startWaits(how);
                assertThatThrownBy(() -> sampler.startWaits(how))
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

    @ParameterizedTest
    @EnumSource
    void theKernelStackOfAWaitBeginsWithWhatCalledTheScheduler(WaitEnd how) throws Exception {
        assumeHas(how);
        List<String> symbols = Burner.run(List.of("cat", "/proc/kallsyms")).lines().toList();
        // Where others trace the scheduler too, there is one more frame of tracing.
        try (Sampler other = Sampler.open(OPTIONS);
                Sampler sampler = Sampler.open(OPTIONS)) {
            other.startWaits(how);
            sampler.startWaits(how);
            List<String> callers = new ArrayList<>();
            try (Child child = Child.start(waiter, "sleep", "20", "3000")) {
                child.line();
                child.end();
                sampler.stop();
                sampler.poll(
                        sample -> {
                            // It waits for files too, in other states.
                            if (sample.isWait()
                                    && sample.tid() == child.pid()
                                    && sample.waitState() == WaitState.INTERRUPTIBLE
                                    && sample.weightNanos() >= 3_000_000) {
                                callers.add(
                                        sample.kernelFrameCount() == 0
                                                ? "none"
                                                : name(symbols, sample.kernelFrame(0)));
                            }
                        });
            }
            long right = callers.stream().filter("do_nanosleep"::equals).count();
            // Ends of waits that a sandbox hides are not among them, and a thread may wait as long
            // for a page.
            assertThat(callers).hasSizeGreaterThan(10);
            assertThat(right / (double) callers.size()).as("%s", callers).isGreaterThan(0.9);
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
