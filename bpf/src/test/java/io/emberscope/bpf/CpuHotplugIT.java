package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A CPU really goes offline and comes back. Short, since everything on this machine feels it.
class CpuHotplugIT {
    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/cpu1/online");
    private static final CpuChanges NONE = new CpuChanges(0, 0, 0);
    private static final CpuChanges CLOSED = new CpuChanges(0, 1, 0);
    private static final CpuChanges OPENED = new CpuChanges(1, 0, 0);

    @TempDir static Path directory;

    @Test
    void samplingGoesOnOnACpuThatWentAndCameBack() throws Exception {
        assumeTrue(Files.exists(ONLINE), "SKIPPED: no second CPU that can go offline");
        Path burner = Burner.compile("burner.c", directory);
        SamplerOptions options = new SamplerOptions(997, EventKind.CPU_CLOCK, 8 << 20);
        try (Sampler sampler = Sampler.open(options)) {
            try (Disturbance cpu = Disturbance.of(ONLINE)) {
                assertThat(sampler.refreshCpus()).isEqualTo(NONE);
                cpu.set("0");
                assertThat(sampler.refreshCpus()).isEqualTo(CLOSED);
                assertThat(sampler.refreshCpus()).isEqualTo(NONE);
                cpu.set("1");
                assertThat(sampler.refreshCpus()).isEqualTo(OPENED);
                // Gone and back between two looks: only its time standing still tells.
                cpu.set("0");
                cpu.set("1");
                assertThat(refreshedWithin(sampler::refreshCpus)).isEqualTo(OPENED);
            }
            assertSampled(sampler, burner);
            Conservation.holds(sampler);
        }
    }

    private static void assertSampled(Sampler sampler, Path burner) throws Exception {
        try (Burner process = Burner.start(burner, 300, 1)) {
            process.spentNanos();
            sampler.stop();
            int[] samples = new int[1];
            sampler.poll(
                    sample ->
                            samples[0] +=
                                    sample.pid() == process.pid() && sample.cpu() == 1 ? 1 : 0);
            assertThat(samples[0]).isGreaterThan(200);
        }
    }

    @Test
    void waitsThatEndByInterruptAreSeenOnACpuThatWentAndCameBack() throws Exception {
        assumeTrue(Files.exists(ONLINE), "SKIPPED: no second CPU that can go offline");
        assumeTrue(WaitEnd.INTERRUPT.isHere(), "SKIPPED: this kernel cannot tell by interrupts");
        String waiter = Burner.compile("waiter.c", directory).toString();
        SamplerOptions options = new SamplerOptions(19, EventKind.CPU_CLOCK, 8 << 20);
        try (Sampler sampler = Sampler.open(options)) {
            sampler.startWaits(WaitEnd.INTERRUPT);
            try (Disturbance cpu = Disturbance.of(ONLINE)) {
                cpu.set("0");
                assertThat(sampler.refreshCpus()).isEqualTo(CLOSED);
                cpu.set("1");
                assertThat(sampler.refreshCpus()).isEqualTo(OPENED);
            }
            try (Child child = Child.start("taskset", "-c", "1", waiter, "sleep", "50", "2000")) {
                child.line();
                child.end();
                sampler.stop();
                int[] waits = new int[1];
                sampler.poll(sample -> waits[0] += isWaitOf(sample, child.pid()) ? 1 : 0);
                // A sandbox may hide the ends of some.
                assertThat(waits[0]).isGreaterThan(40);
            }
            Conservation.holds(sampler.waitCounters());
        }
    }

    private static boolean isWaitOf(Sample sample, long thread) {
        return sample.isWait() && sample.tid() == thread && sample.cpu() == 1;
    }

    @Test
    void theSideBandKeepsWhatACpuToldBeforeItWentAndHearsItAgain() throws Exception {
        assumeTrue(Files.exists(ONLINE), "SKIPPED: no second CPU that can go offline");
        try (SideBand sideBand = SideBand.open(new SideBandOptions(1 << 18))) {
            Execs execs = new Execs();
            try (Disturbance cpu = Disturbance.of(ONLINE)) {
                execOn(1, "hotplug-before");
                cpu.set("0");
                assertThat(sideBand.refreshCpus()).isEqualTo(CLOSED);
                sideBand.poll(execs);
                assertThat(execs.names).contains("hotplug-before");
                cpu.set("1");
                assertThat(sideBand.refreshCpus()).isEqualTo(OPENED);
                execOn(1, "hotplug-after");
                // The ring of an event that died unnoticed is read too.
                cpu.set("0");
                cpu.set("1");
                assertThat(refreshedWithin(sideBand::refreshCpus)).isEqualTo(OPENED);
                execOn(1, "hotplug-twice");
            }
            sideBand.poll(execs);
            assertThat(execs.names)
                    .containsSubsequence("hotplug-before", "hotplug-after", "hotplug-twice");
            assertThat(sideBand.unreadable()).isZero();
        }
    }

    private interface Refresh {
        CpuChanges cpus() throws BpfException;
    }

    /// Looks until it notices: an event that died in the second half of the time between two looks
    /// is noticed at the second.
    private static CpuChanges refreshedWithin(Refresh refresh) throws Exception {
        for (int i = 0; i < 3; i++) {
            CpuChanges changes = refresh.cpus();
            if (!changes.equals(NONE)) {
                return changes;
            }
            Thread.sleep(Duration.ofMillis(20));
        }
        return NONE;
    }

    /// Executes a program of that name on a CPU.
    private static void execOn(int cpu, String name) throws Exception {
        Path link = directory.resolve(name);
        if (!Files.exists(link)) {
            Files.createSymbolicLink(link, Path.of("/bin/true"));
        }
        Burner.run(List.of("taskset", "-c", Integer.toString(cpu), link.toString()));
    }

    private static final class Execs implements SideBandHandler {
        final List<String> names = new java.util.ArrayList<>();

        @Override
        public void mmap(Mapping mapping) {}

        @Override
        public void comm(long timeNanos, int pid, int tid, byte[] comm, boolean exec) {
            if (exec) {
                names.add(new String(comm, StandardCharsets.UTF_8));
            }
        }

        @Override
        public void fork(long timeNanos, int pid, int parentPid, int tid, int parentTid) {}

        @Override
        public void exit(long timeNanos, int pid, int parentPid, int tid, int parentTid) {}

        @Override
        public void cgroup(long timeNanos, long id, byte[] path) {}

        @Override
        public void lost(long timeNanos, long count) {}
    }
}
