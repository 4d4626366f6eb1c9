package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Samples say in which cgroup a thread is, in the hierarchy that is asked for.
class SamplerCgroupIT {
    @TempDir static Path directory;

    @TestFactory
    Stream<DynamicTest> aSampleHasTheIdOfItsCgroupsDirectory() throws Exception {
        Path burner = Burner.compile("burner.c", directory);
        Map<CgroupSource, String> hierarchies =
                Map.of(
                        CgroupSource.UNIFIED, unified(),
                        CgroupSource.V1_MEMORY, "/sys/fs/cgroup/memory",
                        CgroupSource.V1_PIDS, "/sys/fs/cgroup/pids",
                        CgroupSource.V1_CPU, "/sys/fs/cgroup/cpu");
        return hierarchies.entrySet().stream()
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getKey().name(),
                                        () ->
                                                idIsThatOfTheDirectory(
                                                        burner,
                                                        entry.getKey(),
                                                        Path.of(entry.getValue()))));
    }

    private static void idIsThatOfTheDirectory(Path burner, CgroupSource source, Path hierarchy)
            throws Exception {
        assumeTrue(
                Files.exists(hierarchy.resolve("cgroup.procs")),
                () -> "SKIPPED: no cgroup hierarchy is mounted at " + hierarchy);
        Path made = hierarchy.resolve("emberscope-test-" + ProcessHandle.current().pid());
        SamplerOptions options = new SamplerOptions(997, EventKind.CPU_CLOCK, 4 << 20).with(source);
        Files.createDirectory(made);
        try (Sampler sampler = Sampler.open(options);
                Burner process = Burner.start(burner, 60_000, 0)) {
            long id = Cgroups.idOf(made);
            assertThat(id).isNotEqualTo(Cgroups.idOf(hierarchy)).isPositive();
            Files.writeString(made.resolve("cgroup.procs"), Integer.toString(process.pid()));
            // Moved for sure when the write is done: what was sampled before does not count.
            long moved = KernelClock.MONOTONIC.nanos();
            int[] counts = new int[2];
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (counts[0] < 100) {
                assertThat(System.nanoTime()).as("%d samples", counts[0]).isLessThan(end);
                sampler.await(Duration.ofMillis(20));
                sampler.poll(
                        sample -> {
                            if (sample.pid() == process.pid() && sample.timeNanos() > moved) {
                                counts[0]++;
                                counts[1] += sample.cgroupId() == id ? 1 : 0;
                            }
                        });
            }
            assertThat(counts[1]).isEqualTo(counts[0]);
        } finally {
            Files.delete(made);
        }
    }

    private static String unified() {
        return Files.exists(Path.of("/sys/fs/cgroup/cgroup.procs"))
                ? "/sys/fs/cgroup"
                : "/sys/fs/cgroup/unified";
    }
}
