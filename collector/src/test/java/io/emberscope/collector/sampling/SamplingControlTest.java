package io.emberscope.collector.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.SamplingRules.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SamplingControlTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path directory;
    private final Metrics metrics = new Metrics();
    private final List<String> log = new ArrayList<>();
    private final Map<String, Long> groups = new HashMap<>();
    private final List<SamplingRules> told = new ArrayList<>();
    private final List<Boolean> waits = new ArrayList<>();
    private boolean refusing;
    private long seconds;
    private Path file;
    private SamplingControl control;

    private final SamplingControl.Target target =
            new SamplingControl.Target() {
                @Override
                public void choose(SamplingRules rules) {
                    told.add(rules);
                }

                @Override
                public void sampleWaits(boolean on) throws BpfException {
                    waits.add(on);
                    if (refusing) {
                        throw new BpfException("loading: no", 1);
                    }
                }
            };

    @BeforeEach
    void open() {
        file = directory.resolve("sampling.conf");
        control =
                new SamplingControl(
                        file,
                        100,
                        new LocalDisk(),
                        path -> {
                            Long id = groups.get(path);
                            if (id == null) {
                                throw new IOException("not there");
                            }
                            return id;
                        },
                        4,
                        0,
                        metrics,
                        log::add);
    }

    private void tick() {
        tick(0);
    }

    /// A change holds once the file was the same twice.
    private void settle() {
        tick();
        tick();
    }

    private void tick(long usedNanos) {
        seconds++;
        control.tick(target, seconds * SECOND, usedNanos);
    }

    @Test
    void withoutAFileEverythingIsSampledAndNothingIsSaid() throws Exception {
        assertThat(control.begin())
                .isEqualTo(new SamplingRules(1, 1, Duration.ofMillis(1), List.of()));
        tick();
        assertThat(told).isEmpty();
        assertThat(waits).isEmpty();
        assertThat(log).isEmpty();
    }

    @Test
    void whatTheFileSaysHoldsFromTheStartAndUntilItSaysSomethingElse() throws Exception {
        Files.writeString(file, "exclude pid 5\noff-cpu on");
        assertThat(control.begin().rules()).containsExactly(Rule.ofProcess(5, 0));
        tick();
        assertThat(told).isEmpty();
        assertThat(waits).containsExactly(true);
        Files.writeString(file, "rate pid 5 50\noff-cpu off\n");
        tick();
        assertThat(told).isEmpty();
        tick();
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().rules()).containsExactly(Rule.ofProcess(5, 0.5));
        assertThat(waits).containsExactly(true, false);
        Files.delete(file);
        settle();
        assertThat(told.getLast().rules()).isEmpty();
        assertThat(log.getLast()).endsWith("off-CPU off, 0 rules");
    }

    @Test
    void aFileThatIsBeingWrittenChangesNothing() throws Exception {
        Files.writeString(file, "exclude pid 5");
        control.begin();
        Files.writeString(file, "");
        tick();
        Files.writeString(file, "exclude pid 5\nexclude pid 6");
        settle();
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().rules()).hasSize(2);
    }

    @Test
    void aFileThatCannotBeUnderstoodChangesNothingAndIsNamedOnce() throws Exception {
        Files.writeString(file, "exclude pid 5");
        control.begin();
        Files.writeString(file, "exclude pid 6\nexclude everything");
        settle();
        settle();
        assertThat(told).isEmpty();
        assertThat(log).hasSize(1);
        assertThat(log.getFirst()).contains("line 2: exclude: \"everything\" (expected: pid,");
        Files.delete(file);
        Files.createDirectory(file);
        settle();
        assertThat(told).isEmpty();
        assertThat(log).hasSize(2);
    }

    @Test
    void atTheStartItIsRefused() throws Exception {
        Files.writeString(file, "exclude everything");
        assertThatThrownBy(control::begin)
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("sampling file " + file + ", line 1: exclude: ");
    }

    @Test
    void aControlGroupIsLookedForUntilItIsThereAndAgainWhenItIsAnother() throws Exception {
        Files.writeString(file, "exclude cgroup /a/b");
        assertThat(control.begin().rules()).isEmpty();
        assertThat(metrics.text()).contains("sampling_rules_waiting 1");
        groups.put("/a/b", 7L);
        tick();
        assertThat(told.getLast().rules()).containsExactly(Rule.ofCgroup(7, 0));
        assertThat(metrics.text()).contains("sampling_rules_waiting 0");
        groups.put("/a/b", 8L);
        tick();
        assertThat(told.getLast().rules()).containsExactly(Rule.ofCgroup(8, 0));
    }

    @Test
    void aKernelThatCannotSampleWaitsIsAskedAgainNowAndThen() throws Exception {
        Files.writeString(file, "off-cpu on");
        refusing = true;
        control.begin();
        for (int i = 0; i < 31; i++) {
            tick();
        }
        assertThat(waits).containsExactly(true, true);
        assertThat(log).containsExactly("sampling: loading: no");
        refusing = false;
        for (int i = 0; i < 60; i++) {
            tick();
        }
        assertThat(waits).containsExactly(true, true, true);
        assertThat(log.getLast()).isEqualTo("sampling: off-CPU on, 0 rules");
    }

    @Test
    void aboveTheBudgetFewerSamplesAreTakenThatStandForTheOthers() throws Exception {
        Files.writeString(file, "cpu-budget 1%\nrate pid 5 50\nexclude pid 6\noff-cpu on");
        control.begin();
        long used = 0;
        // Twice the budget of a hundredth of four CPUs, but for the start of the JVM.
        for (int i = 0; i < 45; i++) {
            used += SECOND * 8 / 100;
            tick(used);
        }
        SamplingRules now = told.getLast();
        assertThat(now.cpu()).isCloseTo(0.5, within(0.01));
        assertThat(now.waits()).isCloseTo(0.5, within(0.01));
        assertThat(now.rules().get(0).probability()).isCloseTo(0.25, within(0.01));
        assertThat(now.rules().get(1).probability()).isZero();
        assertThat(log.getLast())
                .isEqualTo(
                        "using 2.00 % of this machine's CPU time (budget: 1.00 %): taking 50 % of"
                                + " the samples, which stand for the others");
        for (int i = 0; i < 100; i++) {
            used += SECOND / 100;
            tick(used);
        }
        assertThat(told.getLast().cpu()).isEqualTo(1);
    }
}
