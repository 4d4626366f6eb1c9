package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.EventKind;
import io.emberscope.bpf.ProgramStats;
import io.emberscope.bpf.Sampler;
import io.emberscope.bpf.SamplerOptions;
import io.emberscope.bpf.StackEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a sample costs inside the kernel when stacks are walked by tables, as its own BPF
/// statistics say, beside the kernel's walk by frame pointers of the same program in the same run.
/// Quick by default; `-Dcost.seconds=10` prints the whole table of `docs/performance/unwinding.md`.
class UnwindCostIT {
    private static final int SECONDS = Integer.getInteger("cost.seconds", 1);
    private static final List<Integer> DEPTHS = SECONDS > 1 ? List.of(9, 33, 63, 123) : List.of(33);
    private static final int ROUNDS = SECONDS > 1 ? 3 : 1;
    private static final Path STATISTICS = Path.of("/proc/sys/kernel/bpf_stats_enabled");

    @TempDir static Path directory;
    private static Path bare;
    private static Path framed;
    private static String before = "0";

    @BeforeAll
    static void prepare() throws Exception {
        RunningCollector.assumeRoot();
        bare = compile("bare", "-fomit-frame-pointer");
        framed = compile("framed", "-fno-omit-frame-pointer");
        before = Files.readString(STATISTICS).strip();
        Files.writeString(STATISTICS, "1");
    }

    @AfterAll
    static void restore() throws Exception {
        Files.writeString(STATISTICS, before);
    }

    private static Path compile(String name, String frames) throws Exception {
        Path program = directory.resolve(name);
        List<String> command =
                List.of(
                        "gcc",
                        "-O1",
                        "-fno-optimize-sibling-calls",
                        frames,
                        "-o",
                        program.toString(),
                        "../bpf/src/test/c/stacks.c");
        assertThat(CPrograms.run(command)).isZero();
        return program;
    }

    @Test
    void aWalkByTablesCostsNoMuchMoreThanOneByFramePointers() throws Exception {
        for (int hz : List.of(97, 997)) {
            for (int depth : DEPTHS) {
                for (int round = 0; round < ROUNDS; round++) {
                    Cost tables = byTables(hz, depth);
                    Cost pointers = byPointers(hz, depth);
                    System.out.printf(
                            Locale.ROOT,
                            "unwinding: %d Hz, %.1f frames: %.2f us by tables (%.1f %% complete),"
                                    + " %.2f us by frame pointers%n",
                            hz,
                            tables.frames,
                            tables.micros,
                            100 * tables.complete,
                            pointers.micros);
                    assertThat(tables.complete).isGreaterThan(0.95);
                    // Far above what it takes anywhere; a loop gone wrong is above it.
                    assertThat(tables.micros).isLessThan(200);
                }
            }
        }
    }

    /// @param micros microseconds a run of the program takes
    /// @param frames mean depth of the user stacks of the busy programs
    /// @param complete share of these that reach the outermost frame
    private record Cost(double micros, double frames, double complete) {}

    private static Cost byTables(int hz, int depth) throws Exception {
        try (LiveSampler sampler = new LiveSampler(SamplerOptions.Unwinding.TABLES, hz);
                Busy busy = new Busy(bare, depth)) {
            awaitKnown(sampler, busy);
            ProgramStats start = sampler.programStats();
            Thread.sleep(SECONDS * 1_000L);
            ProgramStats end = sampler.programStats();
            long count = 0;
            long frames = 0;
            long complete = 0;
            for (LiveSampler.Merged sample : sampler.takeUntil(System.nanoTime())) {
                if (busy.has(sample.pid())) {
                    count++;
                    frames += sample.frames().size();
                    complete += sample.end() == StackEnd.COMPLETE ? 1 : 0;
                }
            }
            return new Cost(micros(start, end), frames / (double) count, complete / (double) count);
        }
    }

    /// Waits until the kernel walks the stacks of all these programs to their ends by itself.
    private static void awaitKnown(LiveSampler sampler, Busy busy) throws Exception {
        Set<Integer> known = new HashSet<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (known.size() < busy.processes.size()) {
            assertThat(System.nanoTime()).as("known are %s", known).isLessThan(end);
            for (LiveSampler.Merged sample : sampler.takeUntil(System.nanoTime())) {
                if (busy.has(sample.pid())
                        && sample.end() == StackEnd.COMPLETE
                        && !sample.isResumed()) {
                    known.add(sample.pid());
                }
            }
        }
    }

    private static Cost byPointers(int hz, int depth) throws Exception {
        try (Sampler sampler = Sampler.open(new SamplerOptions(hz, EventKind.CPU_CLOCK, 1 << 20));
                Busy busy = new Busy(framed, depth)) {
            assertThat(busy.processes).isNotEmpty();
            ProgramStats start = sampler.programStats();
            for (int i = 0; i < 10 * SECONDS; i++) {
                Thread.sleep(100);
                sampler.poll(_ -> {});
            }
            return new Cost(micros(start, sampler.programStats()), depth, 0);
        }
    }

    private static double micros(ProgramStats start, ProgramStats end) {
        long runs = end.runs() - start.runs();
        assertThat(runs).isPositive();
        return (end.runNanos() - start.runNanos()) / 1e3 / runs;
    }

    /// One program of that depth on each CPU.
    private static final class Busy implements AutoCloseable {
        private final List<Process> processes = new ArrayList<>();

        Busy(Path program, int depth) throws Exception {
            for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
                Process process =
                        CPrograms.start(
                                "taskset",
                                "-c",
                                cpu,
                                program,
                                "deep",
                                // main and what called it, leaf, and the burning one make the rest
                                depth - 4,
                                1_000_000);
                processes.add(process);
                assertThat(process.getInputStream().read()).isNotNegative();
            }
        }

        boolean has(int pid) {
            return processes.stream().anyMatch(process -> process.pid() == pid);
        }

        @Override
        public void close() {
            processes.forEach(Process::destroyForcibly);
        }
    }
}
