package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.bpf.KernelFeature;
import io.emberscope.bpf.KernelFeatures;
import io.emberscope.profile.Frame;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A thread most of whose stack is not in memory, as after it was written to swap: the kernel's
/// program cannot read it, and the thread itself can.
final class ColdStackIT {
    @TempDir private Path directory;

    /// So that the cold part is about as long as what is read of it at once.
    @ParameterizedTest
    @CsvSource({"512, 60", "1500, 22", "3500, 9"})
    void partsThatAreNotInMemoryAreReadLater(int room, int depth) throws Exception {
        assumeTaskWork();
        Path program = compile(room);
        assertWhole(depth, () -> CPrograms.start(program, depth, 600));
    }

    @Test
    void partsThatWereWrittenToSwapAreReadLater() throws Exception {
        assumeTaskWork();
        Path program = compile(1500);
        List<Process> started = new ArrayList<>();
        try (Swap _ = Swap.on(directory.resolve("swap"), 64)) {
            assertWhole(
                    22,
                    () -> {
                        started.add(CPrograms.start(program, 22, 600, "swap"));
                        return started.getFirst();
                    });
        }
        byte[] out = started.getFirst().getInputStream().readAllBytes();
        int missing = Integer.parseInt(new String(out, StandardCharsets.UTF_8).strip());
        System.out.printf("cold stacks: %d %% of the pages were in swap%n", missing);
        assertThat(missing).isGreaterThan(50);
    }

    private static void assumeTaskWork() {
        RunningCollector.assumeRoot();
        assumeTrue(
                KernelFeatures.probe().stream()
                        .filter(feature -> feature.name().equals("stacks not in memory"))
                        .allMatch(feature -> feature.state() == KernelFeature.State.OK),
                "SKIPPED: this kernel cannot run a program in the task (expected: Linux 6.18)");
    }

    private Path compile(int room) throws Exception {
        return new CPrograms(directory)
                .compile(
                        "coldstack",
                        "coldstack",
                        "-DROOM=" + room,
                        "-fomit-frame-pointer",
                        "-pthread");
    }

    private interface Start {
        Process run() throws Exception;
    }

    private void assertWhole(int depth, Start start) throws Exception {
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=997")) {
            CPrograms.finish(start.run());
            collector.stop();
            List<Received.Sample> burning =
                    sink.received().samples().stream()
                            .filter(sample -> sample.isIn("burn_cold"))
                            .toList();
            Map<String, Integer> broken = new TreeMap<>();
            long whole = 0;
            long all = 0;
            for (Received.Sample sample : burning) {
                long frames =
                        sample.frames().stream()
                                .flatMap(frame -> frame.lines().stream())
                                .filter(line -> line.function().equals("descend"))
                                .count();
                all += sample.nanos();
                if (frames != depth) {
                    Frame root = sample.frames().getLast();
                    broken.merge(
                            frames + " in " + root.binary() + " " + root.lines(), 1, Integer::sum);
                }
                whole += frames == depth && sample.isIn("run") ? sample.nanos() : 0;
            }
            System.out.printf(
                    "cold stacks: %.2f %% of %d ms are whole%n",
                    100.0 * whole / all, all / 1_000_000);
            assertThat(all).isGreaterThan(1_000_000_000L);
            // Until the kernel knows a process, its stacks are copied, as far as they are in
            // memory.
            assertThat((double) whole / all).as("%s", broken).isGreaterThan(0.9);
        }
    }
}
