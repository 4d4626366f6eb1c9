package io.emberscope.collector.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.KernelFeature;
import io.emberscope.bpf.KernelFeature.State;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DoctorTest {
    private static final KernelFeature BTF = new KernelFeature("BTF", State.OK, "is there", "", "");
    private static final KernelFeature NO_COUNTERS =
            new KernelFeature(
                    "hardware counters",
                    State.MISSING,
                    "ENOENT",
                    "sampling by cycles",
                    "expose the PMU to the guest and then look again at what the guest is given by"
                            + " the host");
    private static final KernelFeature NO_SAMPLER =
            new KernelFeature("BPF sampler", State.MISSING, "EPERM", "the sampler", "run as root");

    @Test
    void whatIsMissingIsToldWithWhatIsLostAndHowToGetIt() {
        assertThat(Doctor.report(List.of(BTF, NO_COUNTERS)))
                .isEqualTo(
                        """
                        ok       BTF
                                 is there
                        missing  hardware counters
                                 ENOENT
                                 lost:   sampling by cycles
                                 to get: expose the PMU to the guest and then look again at what the guest is
                                         given by the host

                        The collector can sample here, with less where something is missing above.
                        """);
        assertThat(Doctor.canSample(List.of(BTF, NO_COUNTERS))).isTrue();
    }

    @Test
    void essentialThingsDecideWhetherItCanSample() {
        List<KernelFeature> features = List.of(BTF, NO_SAMPLER);
        assertThat(Doctor.canSample(features)).isFalse();
        assertThat(Doctor.report(features))
                .endsWith("\nThe collector cannot sample here; it needs: BPF sampler.\n");
    }
}
