package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.KernelObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed leaves nothing in the kernel and nothing on disk.
class DeathIT {
    private static final int ROUNDS = Integer.getInteger("death.rounds", 20);

    /// Of the process's own: others unpack too.
    @TempDir Path directory;

    @Test
    void killingTheProcessLeavesNothing() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Set<String> objects;
            try (Child child =
                    Child.start(Child.java(Holder.class, "-Djava.io.tmpdir=" + directory))) {
                assertThat(child.line()).isEqualTo("open");
                objects = KernelObjects.heldBy(child.pid());
                assertThat(objects).filteredOn(one -> one.startsWith("prog ")).hasSize(3);
                assertThat(objects).filteredOn(one -> one.startsWith("map ")).hasSize(6);
                assertThat(objects).anyMatch(one -> one.startsWith("link "));
                assertThat(KernelObjects.perfEventsOf(child.pid())).isGreaterThanOrEqualTo(2);
                for (String object : objects) {
                    assertThat(KernelObjects.exists(object)).as(object).isTrue();
                }
                child.kill();
            }
            for (String object : objects) {
                KernelObjects.assertGone(object);
            }
            assertThat(unpacked()).isZero();
        }
    }

    /// Opens everything, says so, and waits to be killed.
    static final class Holder {
        public static void main(String[] args) throws Exception {
            try (Sampler sampler =
                            Sampler.open(new SamplerOptions(997, EventKind.CPU_CLOCK, 1 << 20));
                    SideBand sideBand = SideBand.open(new SideBandOptions(65_536))) {
                sampler.startWaits(WaitEnd.best());
                System.out.println("open");
                while (true) {
                    sampler.await(Duration.ofMillis(10), sideBand);
                    sampler.poll(_ -> {});
                }
            }
        }
    }

    /// Directories the native library was unpacked to and that are still there.
    private long unpacked() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(e -> Files.exists(e.resolve("libemberscope-bpf.so"))).count();
        }
    }
}
