package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.KernelFeature.State;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read from files, with files of other kernels and machines.
class KernelFeaturesTest {
    @TempDir Path root;

    @BeforeEach
    void plainMachine() throws Exception {
        write("sys/kernel/btf/vmlinux", "");
        write("proc/kallsyms", "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n");
        write("proc/sys/kernel/kptr_restrict", "0\n");
        write("proc/sys/kernel/perf_event_paranoid", "2\n");
        write("proc/sys/kernel/perf_event_max_sample_rate", "100000\n");
        write("proc/sys/kernel/perf_event_max_stack", "127\n");
        write("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
    }

    private void write(String path, String text) throws Exception {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private KernelFeature feature(String name) {
        return KernelFeatures.probe(root).stream()
                .filter(feature -> feature.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aPlainMachineHasWhatIsRead() {
        for (String name :
                new String[] {
                    "BTF",
                    "kernel symbols",
                    "cgroups",
                    "lockdown",
                    "perf_event_paranoid",
                    "perf_event_max_sample_rate",
                    "perf_event_max_stack"
                }) {
            KernelFeature feature = feature(name);
            assertThat(feature.state()).as(name).isEqualTo(State.OK);
            assertThat(feature.whatIsLost() + feature.howToGet()).as(name).isEmpty();
        }
        assertThat(feature("cgroups").detail()).isEqualTo("version 2 at /sys/fs/cgroup");
    }

    @Test
    void hiddenKernelSymbolsAreNoticedByTheirZeros() throws Exception {
        write("proc/kallsyms", "0000000000000000 T _text\n0000000000000000 T _stext\n");
        write("proc/sys/kernel/kptr_restrict", "2\n");
        KernelFeature symbols = feature("kernel symbols");
        assertThat(symbols.state()).isEqualTo(State.MISSING);
        assertThat(symbols.detail()).isEqualTo("kptr_restrict is 2, addresses are hidden");
        assertThat(symbols.howToGet()).contains("sysctl kernel.kptr_restrict=1");
    }

    @Test
    void theVersionOfCgroupsIsThatOfWhatIsMounted() throws Exception {
        write(
                "proc/self/mounts",
                """
                proc /proc proc rw 0 0
                cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
                cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
                cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
                """);
        assertThat(feature("cgroups").detail())
                .isEqualTo(
                        "version 1 at /sys/fs/cgroup/memory, /sys/fs/cgroup/pids; version 2 at"
                                + " /sys/fs/cgroup/unified besides");
        write("proc/self/mounts", "proc /proc proc rw 0 0\n");
        assertThat(feature("cgroups").state()).isEqualTo(State.MISSING);
    }

    @Test
    void onlyConfidentialityLocksBpfOut() throws Exception {
        write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        assertThat(feature("lockdown").state()).isEqualTo(State.OK);
        write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
        assertThat(feature("lockdown").state()).isEqualTo(State.MISSING);
    }

    @Test
    void limitsBelowWhatIsWantedAreNamedWithTheSysctl() throws Exception {
        write("proc/sys/kernel/perf_event_max_sample_rate", "50\n");
        write("proc/sys/kernel/perf_event_max_stack", "16\n");
        assertThat(feature("perf_event_max_sample_rate").detail())
                .isEqualTo("50 a second on each CPU");
        assertThat(feature("perf_event_max_sample_rate").howToGet())
                .isEqualTo("sysctl kernel.perf_event_max_sample_rate=100000");
        assertThat(feature("perf_event_max_stack").howToGet())
                .isEqualTo("sysctl kernel.perf_event_max_stack=127");
    }

    @Test
    void aTableOfMountsIsReadToItsEnd() throws Exception {
        write(
                "proc/self/mounts",
                "tmpfs /a/rather/long/place tmpfs rw 0 0\n".repeat(5_000)
                        + "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
        assertThat(feature("cgroups").detail()).isEqualTo("version 2 at /sys/fs/cgroup");
    }

    @Test
    void aMachineThatShowsNothingIsAnsweredToo() throws Exception {
        Path nothing = Files.createDirectory(root.resolve("nothing"));
        assertThat(KernelFeatures.probe(nothing))
                .filteredOn(f -> f.name().equals("BTF") || f.name().equals("perf_event_paranoid"))
                .extracting(KernelFeature::state)
                .containsExactly(State.MISSING, State.MISSING);
    }
}
