package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.KernelFeature.State;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelFeaturesIT {
    @Test
    void whatThisKernelHasIsFoundByTryingIt() {
        List<KernelFeature> features = KernelFeatures.probe();
        assertThat(features)
                .filteredOn(f -> f.state() == State.OK)
                .extracting(KernelFeature::name)
                .contains(
                        "BTF",
                        "native library",
                        "perf events",
                        "side band",
                        "BPF ring buffer",
                        "BPF sampler",
                        "stacks by unwind tables",
                        "off-CPU time",
                        "map_files");
        assertThat(features)
                .filteredOn(f -> f.state() != State.OK)
                .allSatisfy(
                        f -> {
                            assertThat(f.whatIsLost()).isNotEmpty();
                            assertThat(f.howToGet()).isNotEmpty();
                        });
    }

    @Test
    void priorityReachesEveryThread() throws Exception {
        int before = Integer.parseInt(nice());
        try {
            assertThat(OwnProcess.setPriority(before - 1)).isPositive();
            assertThat(nice()).isEqualTo(Integer.toString(before - 1));
        } finally {
            OwnProcess.setPriority(before);
        }
    }

    private static String nice() throws Exception {
        String pid = Long.toString(ProcessHandle.current().pid());
        return Burner.run(List.of("ps", "-o", "nice=", "-p", pid)).strip();
    }
}
