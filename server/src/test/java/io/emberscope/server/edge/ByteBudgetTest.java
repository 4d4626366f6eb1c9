package io.emberscope.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.OverCapacityException;
import org.junit.jupiter.api.Test;

class ByteBudgetTest {
    private final ByteBudget budget = new ByteBudget("things", 100);

    @Test
    void whatIsHeldIsGivenBackOnce() throws Exception {
        ByteBudget.Reservation one = budget.open();
        one.add(60);
        one.add(20);
        assertThat(budget.used()).isEqualTo(80);
        one.subtract(30);
        assertThat(budget.used()).isEqualTo(50);
        one.close();
        one.close();
        one.subtract(10);
        assertThat(budget.used()).isZero();
    }

    @Test
    void whoComesTooLateIsRefusedAndHoldsWhatHeHad() throws Exception {
        try (ByteBudget.Reservation one = budget.open();
                ByteBudget.Reservation two = budget.open()) {
            one.add(60);
            two.add(40);
            assertThatThrownBy(() -> two.add(1))
                    .isInstanceOf(OverCapacityException.class)
                    .hasMessage("things: all in use (expected: at most 100 bytes at once)");
            assertThat(budget.used()).isEqualTo(100);
        }
        assertThat(budget.used()).isZero();
    }

    @Test
    void aRequestThatEndedTakesNothingMore() {
        ByteBudget.Reservation one = budget.open();
        one.close();
        assertThatThrownBy(() -> one.add(1)).isInstanceOf(OverCapacityException.class);
        assertThat(budget.used()).isZero();
    }
}
