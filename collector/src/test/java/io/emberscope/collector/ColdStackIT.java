package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.bpf.KernelFeature;
import io.emberscope.bpf.KernelFeatures;
import io.emberscope.profile.Frame;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
        RunningCollector.assumeRoot();
        assumeTrue(
                KernelFeatures.probe().stream()
                        .filter(feature -> feature.name().equals("stacks not in memory"))
                        .allMatch(feature -> feature.state() == KernelFeature.State.OK),
                "SKIPPED: this kernel cannot run a program in the task (expected: Linux 6.18)");
        Path program =
                new CPrograms(directory)
                        .compile(
                                "coldstack",
                                "coldstack",
                                "-DROOM=" + room,
                                "-fomit-frame-pointer",
                                "-pthread");
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=997")) {
            Process process = CPrograms.start(program, depth, 600);
            CPrograms.finish(process);
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
            assertThat(all).isGreaterThan(1_500_000_000L);
            // Until the kernel knows a process, its stacks are copied, as far as they are in
            // memory.
            assertThat((double) whole / all).as("%s", broken).isGreaterThan(0.9);
        }
    }
}
