package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.bpf.SamplingRules.Rule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the kernel leaves out, and what the samples that are left stand for.
class SamplingRulesIT {
    private static final int HZ = 4_999;

    @TempDir static Path directory;
    private static Path burner;

    @BeforeAll
    static void compile() throws Exception {
        burner = Burner.compile("burner.c", directory);
    }

    private static SamplingRules rules(double others, Rule... rules) {
        return new SamplingRules(others, 1, Duration.ZERO, List.of(rules));
    }

    /// The samples of some processes.
    private static final class Counts implements SampleHandler {
        private final int[] pids;
        private final long[] samples;
        private final long[] nanos;
        private long from;

        Counts(int... pids) {
            this.pids = pids;
            samples = new long[pids.length];
            nanos = new long[pids.length];
        }

        @Override
        public void sample(Sample sample) {
            for (int i = 0; i < pids.length; i++) {
                if (sample.pid() == pids[i] && sample.timeNanos() > from) {
                    samples[i]++;
                    nanos[i] += sample.weightNanos();
                }
            }
        }
    }

    private static Sampler sampler(CgroupSource source) throws BpfException {
        return Sampler.open(new SamplerOptions(HZ, EventKind.CPU_CLOCK, 8 << 20).with(source));
    }

    private static Sampler sampler() throws BpfException {
        return sampler(CgroupSource.UNIFIED);
    }

    @Test
    void aProcessThatIsExcludedHasNoSamplesAndItsHitsAreCounted() throws Exception {
        try (Sampler sampler = sampler();
                Burner quiet = Burner.hold(burner, 600, 0);
                Burner loud = Burner.hold(burner, 600, 1)) {
            sampler.choose(rules(1, Rule.ofProcess(quiet.pid(), SamplingRules.NEVER)));
            Counts counts = new Counts(quiet.pid(), loud.pid());
            counts.from = KernelClock.MONOTONIC.nanos();
            long before = sampler.counters().drops().get(DropReason.EXCLUDED).samples();
            quiet.begin();
            loud.begin();
            quiet.spentNanos();
            loud.spentNanos();
            sampler.stop();
            sampler.poll(counts);
            assertThat(counts.samples[0]).isZero();
            assertThat(counts.samples[1]).isGreaterThan(500);
            SamplerCounters.Drops excluded = sampler.counters().drops().get(DropReason.EXCLUDED);
            assertThat(excluded.samples() - before).isGreaterThan(500);
            assertThat(excluded.nanos())
                    .isEqualTo(excluded.samples() * sampler.options().weightNanos());
            Conservation.holds(sampler);
        }
    }

    @Test
    void aCommandIsTheNameOfTheFirstThread() throws Exception {
        Path other = directory.resolve("burner-fifteen-");
        Files.copy(burner, other);
        try (Sampler sampler = sampler()) {
            sampler.choose(rules(1, Rule.ofCommand("burner", SamplingRules.NEVER)));
            try (Burner quiet = Burner.start(burner, 400, 0);
                    Burner loud = Burner.start(other, 400, 1)) {
                // Until it has its own name it has that of the process that started it.
                long named = KernelClock.MONOTONIC.nanos();
                Counts counts = new Counts(quiet.pid(), loud.pid());
                counts.from = named;
                quiet.spentNanos();
                loud.spentNanos();
                sampler.choose(rules(1, Rule.ofCommand("burner-fifteen-", SamplingRules.NEVER)));
                try (Burner heard = Burner.start(burner, 400, 0);
                        Burner silenced = Burner.start(other, 400, 1)) {
                    Counts swapped = new Counts(heard.pid(), silenced.pid());
                    swapped.from = KernelClock.MONOTONIC.nanos();
                    heard.spentNanos();
                    silenced.spentNanos();
                    sampler.stop();
                    sampler.poll(
                            sample -> {
                                counts.sample(sample);
                                swapped.sample(sample);
                            });
                    assertThat(counts.samples[0]).isZero();
                    assertThat(counts.samples[1]).isGreaterThan(500);
                    assertThat(swapped.samples[0]).isGreaterThan(500);
                    assertThat(swapped.samples[1]).isZero();
                }
            }
            Conservation.holds(sampler);
        }
    }

    @ParameterizedTest
    @EnumSource(CgroupSource.class)
    void aRuleForAControlGroupHoldsBelowItUntilAnotherDoes(CgroupSource source) throws Exception {
        Path hierarchy = hierarchy(source);
        assumeTrue(
                Files.exists(hierarchy.resolve("cgroup.procs")),
                () -> "SKIPPED: no cgroup hierarchy is mounted at " + hierarchy);
        Path outer = hierarchy.resolve("emberscope-rules-" + ProcessHandle.current().pid());
        Path middle = outer.resolve("middle");
        Path inner = middle.resolve("inner");
        Files.createDirectories(inner);
        try (Sampler sampler = sampler(source);
                Burner inMiddle = Burner.start(burner, 60_000, 0);
                Burner inInner = Burner.start(burner, 60_000, 1)) {
            put(inMiddle, middle);
            put(inInner, inner);
            sampler.choose(
                    rules(
                            1,
                            Rule.ofCgroup(Cgroups.idOf(outer), SamplingRules.NEVER),
                            Rule.ofCgroup(Cgroups.idOf(inner), 1)));
            Counts counts = new Counts(inMiddle.pid(), inInner.pid());
            counts.from = KernelClock.MONOTONIC.nanos();
            // Nobody else is below these groups: what is excluded are hits of the one in the
            // middle.
            long before = excluded(sampler);
            await(
                    sampler,
                    counts,
                    () -> excluded(sampler) > before + 500 && counts.samples[1] > 500);
            assertThat(counts.samples[0]).isZero();
            sampler.choose(SamplingRules.ALL);
            await(sampler, counts, () -> counts.samples[0] > 500);
            sampler.stop();
            sampler.poll(counts);
            Conservation.holds(sampler);
        } finally {
            delete(inner);
            delete(middle);
            delete(outer);
        }
    }

    private static long excluded(Sampler sampler) throws BpfException {
        return sampler.counters().drops().get(DropReason.EXCLUDED).samples();
    }

    private static void await(Sampler sampler, SampleHandler handler, Callable<Boolean> isSo)
            throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        do {
            assertThat(System.nanoTime()).isLessThan(end);
            sampler.await(Duration.ofMillis(50));
            sampler.poll(handler);
        } while (!isSo.call());
    }

    private static void put(Burner process, Path group) throws Exception {
        Files.writeString(group.resolve("cgroup.procs"), Integer.toString(process.pid()));
    }

    /// A group is busy for a moment after its last process was reaped.
    private static void delete(Path group) throws Exception {
        for (int tries = 0; tries < 100; tries++) {
            try {
                Files.delete(group);
                return;
            } catch (java.nio.file.FileSystemException e) {
                Thread.sleep(20);
            }
        }
        Files.delete(group);
    }

    private static Path hierarchy(CgroupSource source) {
        return switch (source) {
            case UNIFIED ->
                    Files.exists(Path.of("/sys/fs/cgroup/cgroup.procs"))
                            ? Path.of("/sys/fs/cgroup")
                            : Path.of("/sys/fs/cgroup/unified");
            case V1_MEMORY -> Path.of("/sys/fs/cgroup/memory");
            case V1_PIDS -> Path.of("/sys/fs/cgroup/pids");
            case V1_CPU -> Path.of("/sys/fs/cgroup/cpu");
        };
    }

    @Test
    void sumsHoldWhereFewAreChosen() throws Exception {
        double probability = 0.1;
        try (Sampler sampler = sampler()) {
            sampler.choose(rules(probability, Rule.ofCommand("burner", 0.5)));
            Path other = directory.resolve("other");
            Files.copy(burner, other);
            try (Burner ofRule = Burner.start(burner, 1_500, 0);
                    Burner ofNone = Burner.start(other, 1_500, 1)) {
                Counts counts = new Counts(ofRule.pid(), ofNone.pid());
                long[] spent = {ofRule.spentNanos(), ofNone.spentNanos()};
                sampler.stop();
                sampler.poll(counts);
                isSum(counts.nanos[0], spent[0], 0.5);
                isSum(counts.nanos[1], spent[1], probability);
                assertThat(counts.samples[1]).isLessThan(counts.samples[0] / 3);
            }
            assertThat(sampler.counters().drops().get(DropReason.THINNED).samples()).isPositive();
            Conservation.holds(sampler);
        }
    }

    /// Within four standard deviations of the binomial, and what a hypervisor swallows of ticks.
    /// How many ticks hit is chance too, where others use the CPU.
    private static void isSum(long nanos, long spent, double probability) {
        double hits = spent / (1e9 / HZ);
        double relative = 1 / Math.sqrt(probability * hits);
        assertThat(nanos / (double) spent).isCloseTo(1.0, within(4 * relative + 0.04));
    }
}
