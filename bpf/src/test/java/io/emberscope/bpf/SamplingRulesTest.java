package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.bpf.SamplingRules.Rule;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingRulesTest {
    @ParameterizedTest
    @ValueSource(doubles = {0.001, 0.01, 1 / 3.0, 0.1, 0.5, 0.77, 0.99, 0.9999})
    void theWeightIsTheInverseOfTheChance(double probability) {
        long choice = new SamplingRules(probability, 1, Duration.ZERO, List.of()).choosing()[0];
        double chance = (choice & 0xffff_ffffL) / 0x1p32;
        double factor = (choice >>> 32) / 0x1p16;
        assertThat(chance).isCloseTo(probability, within(probability / 10_000));
        assertThat(chance * factor).isCloseTo(1, within(1e-6));
    }

    @Test
    void allAndNoneAreExact() {
        assertThat(SamplingRules.ALL.choosing())
                .containsExactly(0x1_0000_ffff_ffffL, 0x1_0000_ffff_ffffL, 0, 0);
        assertThat(
                        new SamplingRules(
                                        SamplingRules.NEVER,
                                        1,
                                        Duration.ofMillis(1),
                                        List.of(Rule.ofCgroup(77, 1), Rule.ofProcess(5, 1)))
                                .choosing())
                .containsExactly(0x1_0000_0000_0000L, 0x1_0000_ffff_ffffL, 1_000_000, 0b101);
    }

    @Test
    void aNameIsCutIntoWordsAsTheKernelKeepsIt() {
        Rule rule = Rule.ofCommand("abcdefghijk", 1);
        assertThat(rule.first()).isEqualTo(0x68676665_64636261L);
        assertThat(rule.second()).isEqualTo(0x6b6a69L);
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        assertThatThrownBy(() -> new SamplingRules(1.5, 1, Duration.ZERO, List.of()))
                .hasMessage("cpu: probability 1.5 (expected: 0, or 0.001..1)");
        assertThatThrownBy(() -> new SamplingRules(1, Double.NaN, Duration.ZERO, List.of()))
                .hasMessage("waits: probability NaN (expected: 0, or 0.001..1)");
        assertThatThrownBy(() -> new SamplingRules(1, 1, Duration.ofNanos(-1), List.of()))
                .hasMessage("shortest wait: PT-0.000000001S (expected: 0 or more)");
        assertThatThrownBy(() -> Rule.ofProcess(1, 1e-9))
                .hasMessage("rule: probability 1.0E-9 (expected: 0, or 0.001..1)");
        assertThatThrownBy(() -> Rule.ofCommand("sixteen bytes ok", 1))
                .hasMessage("command: sixteen bytes ok (expected: 1..15 bytes)");
        List<Rule> many = Collections.nCopies(257, Rule.ofProcess(1, 1));
        assertThatThrownBy(() -> new SamplingRules(1, 1, Duration.ZERO, many))
                .hasMessage("rules: 257 (expected: 0..256)");
    }
}
