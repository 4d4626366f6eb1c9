package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.MergedProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What the server answers is what a program knows of itself: `truth.c` reads its own thread-CPU
/// clock around each of its functions, and all samples go through the whole chain from the kernel
/// to the answer over HTTP.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TruthIT {
    private static final int FREQUENCY_HZ = 997;
    private static final long PERIOD_NANOS = 1_000_000_000L / FREQUENCY_HZ;
    private static final int SAMPLES_MIN = 40_000;
    private static final int THREADS = 2;
    private static final int SECONDS_PER_THREAD = 21;
    private static final int DEPTH = 40;
    private static final double ONE_POINT = 0.01;

    private final Map<String, Long> known = new TreeMap<>();
    private MergedProfile seen;

    @BeforeAll
    void profileTheProgramThroughTheWholeChain(@TempDir Path directory) throws Exception {
        Root.assume();
        Path program = CProgram.compile("truth", directory, "truth");
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ);
                Child truth =
                        Child.start(
                                directory.resolve("truth.out"),
                                Map.of(),
                                List.of(
                                        program.toString(),
                                        Integer.toString(SECONDS_PER_THREAD),
                                        Integer.toString(THREADS)))) {
            assertThat(truth.await(Duration.ofMinutes(5))).isZero();
            truth.out()
                    .lines()
                    .map(line -> line.split(" ", 2))
                    .forEach(words -> known.put(words[0], Long.parseLong(words[1])));
            stack.assertConserved();
            seen = stack.profile("{service_name=\"truth\"}");
        }
        System.out.printf(
                "truth: %d samples' worth; known %s; seen total %d ns%n",
                samples(), known, seen.total());
    }

    @Test
    void thereAreEnoughSamplesToTell() {
        assertThat(samples()).isGreaterThanOrEqualTo(SAMPLES_MIN);
    }

    @Test
    void eachFunctionsShareIsWithinOnePointOfItsOwnTally() {
        assertThat(known).containsKeys("burn_sixty", "burn_thirty", "burn_ten", "recurse");
        known.forEach(
                (function, nanos) -> {
                    if (!function.equals("process")) {
                        double share = (double) RealStack.totalOf(seen, function) / seen.total();
                        double truth = (double) nanos / known.get("process");
                        System.out.printf("truth: %s is %.4f, seen %.4f%n", function, truth, share);
                        assertThat(share)
                                .as(function)
                                .isCloseTo(truth, within(allowed(truth, samples())));
                    }
                });
    }

    @Test
    void theThreeBurnersShareTheirTimeAsTheyWereWritten() {
        double six = RealStack.totalOf(seen, "burn_sixty");
        double three = RealStack.totalOf(seen, "burn_thirty");
        double one = RealStack.totalOf(seen, "burn_ten");
        double all = six + three + one;
        long samples = Math.round(all / PERIOD_NANOS);
        double known = known("burn_sixty") + known("burn_thirty") + known("burn_ten");
        Map<String, Double> written =
                Map.of("burn_sixty", 0.6, "burn_thirty", 0.3, "burn_ten", 0.1);
        written.forEach(
                (function, share) -> {
                    // On a CPU that others slow down now and then they may not quite share it so.
                    double truth = known(function) / known;
                    assertThat(truth).as(function).isCloseTo(share, within(3 * ONE_POINT));
                    assertThat(RealStack.totalOf(seen, function) / all)
                            .as(function)
                            .isCloseTo(truth, within(allowed(truth, samples)));
                });
    }

    private double known(String function) {
        return known.getOrDefault(function, 0L);
    }

    /// One point, or more where so few samples can be further off by chance: four standard
    /// deviations of the binomial, as where others use the CPU too each of them is a throw of dice.
    private static double allowed(double share, long samples) {
        return Math.max(ONE_POINT, 4 * Math.sqrt(share * (1 - share) / samples));
    }

    @Test
    void recursionIsAsDeepAsItWas() {
        long whole = 0;
        long all = 0;
        for (int i = 0; i < seen.stacks().size(); i++) {
            long depth = framesNamed(seen.stacks().get(i), "recurse");
            assertThat(depth).isLessThanOrEqualTo(DEPTH);
            if (depth > 0) {
                all += seen.values()[i];
                whole += depth == DEPTH ? seen.values()[i] : 0;
            }
        }
        assertThat(all).isPositive();
        assertThat((double) whole / all).isGreaterThan(0.99);
    }

    @Test
    void timeInSystemCallsIsTheKernelsAndTheCallersBoth() {
        long inKernel = 0;
        long all = 0;
        for (int i = 0; i < seen.stacks().size(); i++) {
            int[] stack = seen.stacks().get(i);
            if (framesNamed(stack, "in_system_calls") > 0) {
                all += seen.values()[i];
                boolean kernelLeaf = frame(stack[0]).kind() == FrameKind.KERNEL;
                inKernel += kernelLeaf ? seen.values()[i] : 0;
            }
        }
        assertThat(all).isPositive();
        assertThat((double) inKernel / all).isGreaterThan(0.95);
    }

    @Test
    void stacksReachTheThreadsStart() {
        long rooted = 0;
        for (int i = 0; i < seen.stacks().size(); i++) {
            rooted += framesNamed(seen.stacks().get(i), "run") > 0 ? seen.values()[i] : 0;
        }
        assertThat((double) rooted / seen.total()).isGreaterThan(0.98);
    }

    private long framesNamed(int[] stack, String function) {
        long count = 0;
        for (int index : stack) {
            Frame frame = frame(index);
            boolean named =
                    !frame.lines().isEmpty() && frame.lines().getLast().function().equals(function);
            count += named ? 1 : 0;
        }
        return count;
    }

    private Frame frame(int index) {
        return seen.frames().get(index);
    }

    private long samples() {
        return seen.total() / PERIOD_NANOS;
    }
}
