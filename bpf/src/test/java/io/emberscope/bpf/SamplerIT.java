package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
            // Ticks that a hypervisor swallows are the only error; they are few.
            assertThat(tally.nanos / (double) spent).isCloseTo(1.0, within(0.06));
            conserves(sampler);
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
            conserves(sampler);
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
                                    "-e",
                                    "cpu-clock",
                                    "-c",
                                    Long.toString(options.weightNanos()),
                                    "-o",
                                    data.toString(),
                                    burner.toString(),
                                    "3000",
                                    "1")
                            .redirectErrorStream(true)
                            .start();
            long[] hits = {0};
            SampleHandler count =
                    sample -> {
                        if (sample.comm().equals("burner")) {
                            hits[0]++;
                        }
                    };
            while (perf.isAlive()) {
                sampler.await(Duration.ofMillis(50));
                sampler.poll(count);
            }
            sampler.stop();
            sampler.poll(count);
            assertThat(perf.exitValue()).isZero();
            String report =
                    Burner.run(
                            List.of(
                                    "perf",
                                    "script",
                                    "-i",
                                    data.toString(),
                                    "--comm",
                                    "burner",
                                    "-F",
                                    "comm"));
            long perfs = report.lines().count();
            System.out.println("hits: ours " + hits[0] + ", perf's " + perfs);
            assertThat(perfs).isGreaterThan(2_000);
            assertThat(hits[0] / (double) perfs).isCloseTo(1.0, within(0.03));
            conserves(sampler);
        }
    }

    @Test
    void theVerifierIsFarFromItsLimit() throws Exception {
        try (Sampler sampler = Sampler.open(new SamplerOptions(97, EventKind.CPU_CLOCK, MIB))) {
            ProgramStats stats = sampler.programStats();
            System.out.println("sampler: " + stats.verifiedInstructions() + " instructions walked");
            assertThat(stats.verifiedInstructions()).isBetween(100L, 800_000L);
            assertThat(stats.memoryBytes()).isBetween((long) MIB, 2L * MIB);
        }
    }

    @Test
    void aSamplerIsAdoptedFromItsDescriptors() throws Exception {
        SamplerOptions options = new SamplerOptions(997, EventKind.CPU_CLOCK, MIB);
        Sampler first = Sampler.open(options);
        SamplerDescriptors descriptors = first.descriptors();
        try (Sampler second = Sampler.adopt(descriptors, options)) {
            first.close();
            // The descriptors keep the events alive, so sampling goes on; closing disables the old
            // one's events, which are the same.
            assertThat(second.counters().hits()).isNotNegative();
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
    void closingEndsAWait() throws Exception {
        Sampler sampler = Sampler.open(new SamplerOptions(97, EventKind.CPU_CLOCK, 8 * MIB));
        Thread waiter =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        sampler.await(Duration.ofMinutes(5));
                                    } catch (BpfException | IllegalStateException _) {
                                        // also an end
                                    }
                                });
        while (waiter.getState() != Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
        sampler.close();
        waiter.join(Duration.ofSeconds(30));
        assertThat(waiter.isAlive()).isFalse();
    }

    @Test
    void cpusThatGoAndComeBackAreSampledAnew() throws Exception {
        Path online = Path.of("/sys/devices/system/cpu/cpu1/online");
        assertThat(online).as("a second CPU that can go offline").exists();
        try (Sampler sampler =
                Sampler.open(new SamplerOptions(997, EventKind.CPU_CLOCK, 8 * MIB))) {
            sampler.refreshCpus();
            try {
                Files.writeString(online, "0");
                // Gone and back between two looks: nothing but its time standing still tells, at
                // the second look if it stood still for less than half of the time at the first.
                Files.writeString(online, "1");
                CpuChanges back = sampler.refreshCpus();
                if (back.opened() == 0) {
                    Thread.sleep(20);
                    back = sampler.refreshCpus();
                }
                assertThat(back).isEqualTo(new CpuChanges(1, 0, 0));
                Files.writeString(online, "0");
                assertThat(sampler.refreshCpus()).isEqualTo(new CpuChanges(0, 1, 0));
            } finally {
                Files.writeString(online, "1");
            }
            assertThat(sampler.refreshCpus()).isEqualTo(new CpuChanges(1, 0, 0));
            try (Burner process = Burner.start(burner, 300, 1)) {
                process.spentNanos();
                Tally tally = new Tally(process.pid(), process.function);
                sampler.stop();
                sampler.poll(tally);
                assertThat(tally.samples).isGreaterThan(200);
            }
            conserves(sampler);
        }
    }

    @Test
    void killingTheProcessLeavesNothingInTheKernel() throws Exception {
        String before = loaded();
        Process process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Holder.class.getName())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        assertThat(process.getInputStream().read()).isEqualTo('r');
        assertThat(loaded()).isNotEqualTo(before);
        process.destroyForcibly().waitFor();
        // The kernel frees programs after a grace period of RCU.
        String after = loaded();
        for (int i = 0; i < 100 && !after.equals(before); i++) {
            Thread.sleep(50);
            after = loaded();
        }
        assertThat(after).isEqualTo(before);
    }

    /// Opens everything, says so, and waits to be killed.
    static final class Holder {
        public static void main(String[] args) throws Exception {
            try (Sampler _ = Sampler.open(new SamplerOptions(97, EventKind.CPU_CLOCK, MIB));
                    SideBand _ = SideBand.open(new SideBandOptions(65_536))) {
                System.out.print('r');
                System.out.flush();
                Thread.sleep(Duration.ofMinutes(1));
            }
        }
    }

    private static String loaded() throws Exception {
        StringBuilder ours = new StringBuilder();
        Pattern programs = Pattern.compile("(?m)^\\d+: perf_event  name sample .*$");
        Matcher program = programs.matcher(Burner.run(List.of("bpftool", "prog", "list")));
        while (program.find()) {
            ours.append(program.group().replaceAll(":.*", "")).append(" program\n");
        }
        Pattern maps = Pattern.compile("(?m)^\\d+: (ringbuf|percpu_array)  name (ring|state) .*$");
        Matcher map = maps.matcher(Burner.run(List.of("bpftool", "map", "list")));
        while (map.find()) {
            ours.append(map.group().replaceAll(":.*", "")).append(" map\n");
        }
        return ours.toString();
    }

    private static void conserves(Sampler sampler) throws BpfException {
        SamplerCounters counters = sampler.counters();
        assertThat(counters.hits()).isPositive();
        assertThat(counters.delivered() + counters.dropped()).isEqualTo(counters.hits());
        assertThat(counters.deliveredNanos() + counters.droppedNanos())
                .isEqualTo(counters.hitNanos());
    }
}
