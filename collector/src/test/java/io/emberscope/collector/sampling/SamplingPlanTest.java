package io.emberscope.collector.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.SamplingRules.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SamplingPlanTest {
    private static SamplingPlan parse(String text) throws MalformedInputException {
        return SamplingPlan.parse(text, 100);
    }

    @Test
    void nothingSaidIsTheDefault() throws Exception {
        assertThat(parse("")).isEqualTo(SamplingPlan.DEFAULT);
        assertThat(parse("# only words\n\n   \t# and more\n")).isEqualTo(SamplingPlan.DEFAULT);
    }

    @Test
    void everySettingIsRead() throws Exception {
        SamplingPlan plan =
                parse(
                        """
                        off-cpu on # and off again later
                        off-cpu-min 500us
                        off-cpu-probability 0.25
                        cpu-budget 1.5%
                        rate others 50
                        rate command Web Content 10
                        rate cgroup /a/b c 100
                        exclude pid 77
                        exclude command c#
                        """);
        assertThat(plan.offCpu()).isTrue();
        assertThat(plan.offCpuMin()).isEqualTo(Duration.ofNanos(500_000));
        assertThat(plan.offCpuProbability()).isEqualTo(0.25);
        assertThat(plan.cpuBudget()).isCloseTo(0.015, within(1e-9));
        assertThat(plan.others()).isEqualTo(0.5);
        assertThat(plan.rules())
                .containsExactly(
                        new PlannedRule(Kind.COMMAND, "Web Content", 0.1),
                        new PlannedRule(Kind.CGROUP, "/a/b c", 1),
                        new PlannedRule(Kind.PROCESS, "77", SamplingRules.NEVER),
                        new PlannedRule(Kind.COMMAND, "c#", SamplingRules.NEVER));
    }

    @Test
    void theLastOfTwoForTheSameCounts() throws Exception {
        assertThat(parse("rate pid 5 10\nexclude pid 5\nexclude pid 6\nrate pid 6 20").rules())
                .containsExactly(
                        new PlannedRule(Kind.PROCESS, "5", SamplingRules.NEVER),
                        new PlannedRule(Kind.PROCESS, "6", 0.2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    off-cpu maybe|off-cpu: "maybe" (expected: on or off)
                    off-cpu-min 5|off-cpu-min: "5" (expected: such as 500us, 1ms or 2s)
                    off-cpu-min -5ms|off-cpu-min: "-5ms" (expected: such as 500us, 1ms or 2s)
                    off-cpu-probability 1.5|off-cpu-probability: 1.5 (expected: 0.001..1)
                    off-cpu-probability NaN|off-cpu-probability: "NaN" (expected: 0.001..1)
                    cpu-budget 2|cpu-budget: "2" (expected: 0.1%..100%)
                    cpu-budget 0%|cpu-budget: "0%" (expected: 0.1%..100%)
                    rate others 101|rate: 101 Hz (expected: 1..100, which is the --frequency)
                    rate others 0|rate: 0 Hz (expected: 1..100, which is the --frequency)
                    rate others|rate: "" (expected: a number of hertz)
                    rate thread x 5|rate: "thread x" (expected: pid, command or cgroup, and which)
                    exclude pid x|exclude: "x" (expected: the number of a process)
                    exclude pid 0|exclude: "0" (expected: the number of a process)
                    everything on|everything: unknown setting (expected: off-cpu, off-cpu-min, \
                    off-cpu-probability, cpu-budget, rate or exclude)
                    """)
    void whatIsWrongIsNamedWithItsLineAndRule(String line, String message) {
        assertThatThrownBy(() -> parse("off-cpu on\n" + line))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("line 2: " + message.strip());
    }

    @ParameterizedTest
    @CsvSource({
        "exclude command sixteen-bytes-ok",
        "exclude command",
        "exclude cgroup a",
        "exclude cgroup /",
        "exclude cgroup /a/../b",
        "exclude cgroup /a/..",
        "exclude cgroup /./a",
        "exclude cgroup /a/.",
        "exclude cgroup /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"
    })
    void subjectsThatCannotBeAreRefused(String line) {
        assertThatThrownBy(() -> parse(line))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith("line 1: exclude: ");
    }

    @Test
    void rulesAreBounded() {
        StringBuilder many = new StringBuilder();
        for (int i = 1; i <= 257; i++) {
            many.append("exclude pid ").append(i).append('\n');
        }
        assertThatThrownBy(() -> parse(many.toString()))
                .hasMessage("line 257: rules: more than 256 (expected: at most that)");
    }
}
