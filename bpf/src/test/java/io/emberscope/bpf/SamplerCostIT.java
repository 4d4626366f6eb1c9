package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a sample costs inside the kernel, as its own BPF statistics say, beside an empty program in
/// the same run. Quick by default; `-Dcost.seconds=10` prints the whole table of
/// `docs/performance/sampler.md`.
class SamplerCostIT {
    private static final int SECONDS = Integer.getInteger("cost.seconds", 1);
    private static final List<Integer> DEPTHS = SECONDS > 1 ? List.of(9, 33, 63, 123) : List.of(33);
    private static final Path STATISTICS = Path.of("/proc/sys/kernel/bpf_stats_enabled");

    @TempDir static Path directory;

    @Test
    void aSampleCostsLittleMoreThanTheWalkOfItsStacks() throws Exception {
        Path stacks = Burner.compile("stacks.c", directory);
        byte[] sampler = NativeLibrary.object("sampler.bpf.o");
        byte[] empty = compileEmpty();
        try (Disturbance statistics = Disturbance.of(STATISTICS)) {
            statistics.set("1");
            for (int hz : List.of(97, 997)) {
                for (int depth : DEPTHS) {
                    Cost ours = cost(sampler, stacks, hz, depth);
                    Cost floor = cost(empty, stacks, hz, depth);
                    System.out.printf(
                            Locale.ROOT,
                            "sampler: %d Hz, %.1f frames: %.2f us a sample, empty program %.2f%n",
                            hz,
                            ours.frames,
                            ours.micros,
                            floor.micros);
                    // Far above what it takes anywhere; a loop gone wrong is above it.
                    assertThat(ours.micros).isBetween(floor.micros, 200.0);
                }
            }
        }
    }

    /// @param micros microseconds a run of the program takes
    /// @param frames mean depth of the user stacks it found
    private record Cost(double micros, double frames) {}

    /// With one program of that depth on each CPU.
    private static Cost cost(byte[] object, Path stacks, int hz, int depth) throws Exception {
        List<Child> busy = new ArrayList<>();
        try (Sampler sampler =
                Sampler.open(
                        new SamplerOptions(hz, EventKind.CPU_CLOCK, 1 << 20),
                        SamplingRules.ALL,
                        object)) {
            for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
                busy.add(
                        Child.start(
                                "taskset",
                                "-c",
                                Integer.toString(cpu),
                                stacks.toString(),
                                "deep",
                                // main and what called it, leaf, and the burning one make the rest
                                Integer.toString(depth - 4),
                                Integer.toString(SECONDS * 10_000)));
            }
            for (Child child : busy) {
                child.line();
            }
            ProgramStats before = sampler.programStats();
            long[] sums = new long[2];
            long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
            while (System.nanoTime() < end) {
                sampler.await(Duration.ofMillis(100));
                sampler.poll(
                        sample -> {
                            if (sample.comm().equals("stacks")) {
                                sums[0]++;
                                sums[1] += sample.userFrameCount();
                            }
                        });
            }
            ProgramStats after = sampler.programStats();
            long runs = after.runs() - before.runs();
            assertThat(runs).isPositive();
            return new Cost(
                    (after.runNanos() - before.runNanos()) / 1e3 / runs,
                    sums[1] / (double) sums[0]);
        } finally {
            busy.forEach(Child::close);
        }
    }

    private static byte[] compileEmpty() throws Exception {
        Path object = directory.resolve("empty.bpf.o");
        List<String> command =
                new ArrayList<>(List.of("clang", "--target=bpf", "-mcpu=v3", "-g", "-O2"));
        String multiarch = Burner.run(List.of("gcc", "-print-multiarch")).strip();
        if (!multiarch.isEmpty()) {
            command.addAll(List.of("-idirafter", "/usr/include/" + multiarch));
        }
        command.addAll(List.of("-Isrc/main/bpf", "-c", "src/test/c/empty.bpf.c"));
        command.addAll(List.of("-o", object.toString()));
        Burner.run(command);
        return Files.readAllBytes(object);
    }
}
