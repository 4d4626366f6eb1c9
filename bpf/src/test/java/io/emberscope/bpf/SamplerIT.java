package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.base.perf.PerfData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The sampler on the real kernel, as root.
class SamplerIT {
    private static final int MIB = 1 << 20;

    /// What [#burn] is compiled to is far shorter than this.
    private static final int FUNCTION_BYTES = 256;

    @TempDir static Path directory;
    private static Path burner;

    @BeforeAll
    static void compile() throws Exception {
        burner = Burner.compile("burner.c", directory);
    }

    private static final class Tally implements SampleHandler {
        final int pid;
        final long function;
        long samples;
        long inFunction;
        long nanos;
        long ofIdle;
        long all;

        Tally(int pid, long function) {
            this.pid = pid;
            this.function = function;
        }

        @Override
        public void sample(Sample sample) {
            all++;
            if (sample.pid() == 0) {
                ofIdle++;
            }
            // Between fork and exec it still has the name of its parent.
            if (sample.pid() != pid || !sample.comm().equals("burner")) {
                return;
            }
            samples++;
            nanos += sample.weightNanos();
            if (sample.userFrameCount() > 0) {
                long leaf = sample.userFrame(0);
                if (leaf >= function && leaf < function + FUNCTION_BYTES) {
                    inFunction++;
                }
            }
        }
    }

    @Test
    void samplesSayWhoRanAndWhereAndForHowLong() throws Exception {
        SamplerOptions options = new SamplerOptions(4_999, EventKind.CPU_CLOCK, 8 * MIB);
        try (Sampler sampler = Sampler.open(options);
                Burner process = Burner.start(burner, 2_000, 1)) {
            Tally tally = new Tally(process.pid(), process.function);
            while (process.isAlive()) {
                sampler.await(Duration.ofMillis(50));
                sampler.poll(tally);
            }
            long spent = process.spentNanos();
            sampler.stop();
            sampler.poll(tally);
            assertThat(tally.samples).isGreaterThan(5_000);
            assertThat(tally.ofIdle).isZero();
            // It spends nearly all its time in that one function.
            assertThat(tally.inFunction / (double) tally.samples).isGreaterThan(0.95);
            // How many ticks hit is chance where others use the CPU too, and a hypervisor swallows
            // a few.
            double chance = 4 / Math.sqrt((double) tally.samples);
            assertThat(tally.nanos / (double) spent).isCloseTo(1.0, within(0.04 + chance));
            Conservation.holds(sampler);
        }
    }

    @Test
    void everyHitIsDeliveredOrCountedAsDroppedAlsoWhenNobodyPolls() throws Exception {
        SamplerOptions options = new SamplerOptions(4_999, EventKind.CPU_CLOCK, 4_096);
        try (Sampler sampler = Sampler.open(options);
                Burner process = Burner.start(burner, 500, 0)) {
            process.spentNanos();
            SamplerCounters full = sampler.counters();
            assertThat(full.drops().get(DropReason.RING_FULL).samples()).isGreaterThan(1_000);
            sampler.stop();
            Tally tally = new Tally(process.pid(), process.function);
            sampler.poll(tally);
            assertThat(tally.all).isPositive();
            Conservation.holds(sampler);
        }
    }

    @Test
    void hitsAgreeWithPerfsOwnCountOnAPinnedBurner() throws Exception {
        SamplerOptions options = new SamplerOptions(997, EventKind.CPU_CLOCK, 8 * MIB);
        Path data = directory.resolve("perf.data");
        try (Sampler sampler = Sampler.open(options)) {
            Process perf =
                    new ProcessBuilder(
                                    "perf",
                                    "record",
                                    "-q",
                                    // It aborts on some build ids.
                                    "--no-buildid",
                                    "--no-buildid-cache",
                                    "-e",
                                    "cpu-clock",
                                    "-c",
                                    Long.toString(options.weightNanos()),
                                    "-o",
                                    data.toString(),
                                    burner.toString(),
                                    "3000",
                                    Burner.cpu(1))
                            .redirectErrorStream(true)
                            .start();
            // By process: others may run a program of this name meanwhile.
            Map<Integer, Long> hits = new HashMap<>();
            SampleHandler count =
                    sample -> {
                        if (sample.comm().equals("burner")) {
                            hits.merge(sample.pid(), 1L, Long::sum);
                        }
                    };
            int burning = 0;
            while (perf.isAlive()) {
                burning =
                        perf.children()
                                .findFirst()
                                .map(child -> Math.toIntExact(child.pid()))
                                .orElse(burning);
                sampler.await(Duration.ofMillis(50));
                sampler.poll(count);
            }
            sampler.stop();
            sampler.poll(count);
            assertThat(perf.exitValue()).isZero();
            long ours = hits.getOrDefault(burning, 0L);
            long perfs = PerfData.sampleNanos(data).length;
            System.out.println("hits: ours " + ours + ", perf's " + perfs);
            assertThat(perfs).isGreaterThan(2_000);
            // Both are chance where others use the CPU too.
            double chance = 4 / Math.sqrt((double) perfs);
            assertThat(ours / (double) perfs).isCloseTo(1.0, within(0.03 + chance));
            Conservation.holds(sampler);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theVerifierIsFarFromItsLimit(SamplerOptions.Unwinding how) throws Exception {
        // What has bpf_loop (5.17) also tells of the verifier (5.16).
        boolean hasLoop = hasLoop();
        assumeTrue(hasLoop || how != SamplerOptions.Unwinding.TABLES, "no bpf_loop");
        SamplerOptions options = new SamplerOptions(97, EventKind.CPU_CLOCK, MIB).with(how);
        try (Sampler sampler = Sampler.open(options)) {
            ProgramStats stats = sampler.programStats();
            System.out.println(
                    "sampler, "
                            + how
                            + ": "
                            + stats.verifiedInstructions()
                            + " instructions walked");
            assertThat(stats.verifiedInstructions()).isBetween(hasLoop ? 100L : 0L, 800_000L);
        }
    }

    static boolean hasLoop() {
        return KernelFeatures.probe().stream()
                .anyMatch(
                        feature ->
                                feature.name().equals("bpf_loop")
                                        && feature.state() == KernelFeature.State.OK);
    }

    @Test
    void itsMemoryIsLittleMoreThanItsRing() throws Exception {
        try (Sampler sampler = Sampler.open(new SamplerOptions(97, EventKind.CPU_CLOCK, MIB))) {
            assertThat(sampler.programStats().memoryBytes()).isBetween((long) MIB, 2L * MIB);
        }
    }

    @Test
    void aClosedSamplerIsRefusedAndDoesNotCrash() throws Exception {
        Sampler sampler = Sampler.open(new SamplerOptions(97, EventKind.CPU_CLOCK, MIB));
        sampler.close();
        sampler.close();
        assertThatThrownBy(() -> sampler.poll(_ -> {})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(sampler::counters).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(sampler::refreshCpus).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void eachRateGivesSamplesOfItsPeriodThatSumToTheTimeSpent() throws Exception {
        for (int hz : new int[] {19, 97, 9_999}) {
            SamplerOptions options = new SamplerOptions(hz, EventKind.CPU_CLOCK, 16 * MIB);
            try (Sampler sampler = Sampler.open(options);
                    Burner process = Burner.start(burner, 2_000, 1)) {
                Tally tally = new Tally(process.pid(), process.function);
                while (process.isAlive()) {
                    sampler.await(Duration.ofMillis(50));
                    sampler.poll(tally);
                }
                long spent = process.spentNanos();
                sampler.stop();
                sampler.poll(tally);
                assertThat(tally.nanos).isEqualTo(tally.samples * options.weightNanos());
                // On a CPU that others use too, how many samples hit is chance; and a hypervisor
                // swallows some ticks.
                double expected = spent / (double) options.weightNanos();
                assertThat((double) tally.samples)
                        .as("%d Hz", hz)
                        .isCloseTo(expected, within(2 + 4 * Math.sqrt(expected) + expected / 25));
                Conservation.holds(sampler);
            }
        }
    }

    @Test
    void idleTimeIsNotCounted() throws Exception {
        try (Sampler sampler =
                Sampler.open(new SamplerOptions(997, EventKind.CPU_CLOCK, 16 * MIB))) {
            long start = KernelClock.MONOTONIC.nanos();
            long idle = -idleNanos();
            Thread.sleep(Duration.ofSeconds(2));
            idle += idleNanos();
            long cpuNanos =
                    (KernelClock.MONOTONIC.nanos() - start)
                            * Runtime.getRuntime().availableProcessors();
            long hitNanos = sampler.counters().hitNanos();
            System.out.printf(
                    "of %d ms %d were idle, %d hit%n",
                    cpuNanos / 1_000_000, idle / 1_000_000, hitNanos / 1_000_000);
            assertThat(hitNanos).isLessThan(cpuNanos - idle + cpuNanos / 10);
        }
    }

    /// Nanoseconds all CPUs were idle since boot.
    private static long idleNanos() throws Exception {
        String cpu = Files.readAllLines(Path.of("/proc/stat")).getFirst();
        String[] ticks = cpu.split(" +", -1);
        return (Long.parseLong(ticks[4]) + Long.parseLong(ticks[5])) * 10_000_000;
    }

    @Test
    void recordsStayWholeWhileASmallRingGoesRoundManyTimes() throws Exception {
        SamplerOptions options = new SamplerOptions(9_999, EventKind.CPU_CLOCK, 8_192);
        try (Sampler sampler = Sampler.open(options);
                Burner process = Burner.start(burner, 60_000, 1)) {
            long[] lastOfCpu = new long[8_192];
            long[] counts = new long[2];
            SampleHandler check =
                    sample -> {
                        counts[0] += 72 + 8L * sample.userFrameCount();
                        boolean inOrder = sample.timeNanos() > lastOfCpu[sample.cpu()];
                        lastOfCpu[sample.cpu()] = sample.timeNanos();
                        boolean sane =
                                sample.pid() > 0
                                        && sample.tid() > 0
                                        && sample.weightNanos() == options.weightNanos()
                                        && !sample.comm().isEmpty();
                        counts[1] += inOrder && sane ? 0 : 1;
                    };
            // How much of it is seen depends on how often we get a CPU meanwhile.
            while (process.isAlive() && counts[0] <= 20L * options.ringBytes()) {
                sampler.await(Duration.ofMillis(1));
                sampler.poll(check);
            }
            sampler.stop();
            sampler.poll(check);
            assertThat(counts[0]).isGreaterThan(20L * options.ringBytes());
            assertThat(counts[1]).isZero();
            Conservation.holds(sampler);
        }
    }

    @Test
    void aHandlerThatThrowsLosesOnlyTheSampleItHad() throws Exception {
        try (Sampler sampler = Sampler.open(new SamplerOptions(997, EventKind.CPU_CLOCK, 4 * MIB));
                Burner process = Burner.start(burner, 300, 0)) {
            process.spentNanos();
            sampler.stop();
            long[] seen = new long[1];
            SampleHandler throwing =
                    _ -> {
                        seen[0]++;
                        throw new IllegalArgumentException("of the handler");
                    };
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> sampler.poll(throwing)).hasMessage("of the handler");
            }
            long rest = sampler.poll(_ -> {});
            assertThat(seen[0] + rest).isEqualTo(sampler.counters().hits());
            Conservation.holds(sampler);
        }
    }

    @Test
    void aWaitEndsWhenTheRingFillsUpAndNotBefore() throws Exception {
        SamplerOptions options =
                new SamplerOptions(
                        997,
                        EventKind.CPU_CLOCK,
                        65_536,
                        16_384,
                        CgroupSource.UNIFIED,
                        SamplerOptions.Unwinding.FRAME_POINTERS);
        try (Sampler sampler = Sampler.open(options);
                Burner _ = Burner.start(burner, 60_000, 0)) {
            sampler.poll(_ -> {});
            assertThat(sampler.await(Duration.ofSeconds(60))).isTrue();
            // A sample of the burner takes some 120 bytes, so it was at least one hundred.
            assertThat(sampler.poll(_ -> {})).isGreaterThan(50);
            // The burner is sampled each millisecond, so a wait that any sample ends would not last
            // five. One wait of ten is enough: samples between a wait and the reading after it ring
            // once more, and a machine that stands still for a moment fills the ring.
            boolean lasted = false;
            for (int i = 0; i < 10 && !lasted; i++) {
                lasted = !sampler.await(Duration.ofMillis(5));
                sampler.poll(_ -> {});
            }
            assertThat(lasted).isTrue();
        }
    }

    @Test
    void cyclesAreSampledOrRefusedWithTheReason() throws Exception {
        SamplerOptions options = new SamplerOptions(97, EventKind.CPU_CYCLES, MIB);
        boolean there =
                KernelFeatures.probe().stream()
                        .filter(feature -> feature.name().equals("hardware counters"))
                        .allMatch(feature -> feature.state() == KernelFeature.State.OK);
        if (there) {
            Sampler.open(options).close();
        } else {
            assertThatThrownBy(() -> Sampler.open(options))
                    .isInstanceOf(BpfException.class)
                    .hasMessageContaining("sample the CPU clock");
        }
    }
}
