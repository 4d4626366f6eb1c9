package io.emberscope.server.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The judge of the durability tests must itself be able to convict.
class LedgerTest {
    private final Ledger ledger = new Ledger();

    LedgerTest() {
        ledger.sent("a", 1);
        ledger.sent("b", 2);
        ledger.sent("c", 4);
        ledger.acknowledged("a");
        ledger.acknowledged("b");
    }

    @Test
    void whatIsSentMayBeStoredOrNotUntilItIsAcknowledged() {
        Set<String> acknowledged = ledger.acknowledged();
        assertThat(ledger.violations(acknowledged, Map.of("a", 1L, "b", 2L))).isEmpty();
        assertThat(ledger.violations(acknowledged, Map.of("a", 1L, "b", 2L, "c", 4L))).isEmpty();
    }

    @Test
    void aLossIsFound() {
        assertThat(ledger.violations(ledger.acknowledged(), Map.of("a", 1L)))
                .containsExactly("b: acknowledged and lost");
    }

    @Test
    void aDoubleIsFound() {
        assertThat(ledger.violations(ledger.acknowledged(), Map.of("a", 1L, "b", 4L)))
                .containsExactly("b: stored 4 (expected: 2)");
    }

    @Test
    void anInventionIsFound() {
        assertThat(ledger.violations(Set.of(), Map.of("x", 1L)))
                .containsExactly("x: stored and never sent");
    }
}
