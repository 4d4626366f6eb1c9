package io.emberscope.collector.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class CpuBudgetTest {
    private static final long SECOND = 1_000_000_000L;

    private final CpuBudget budget = new CpuBudget(2, 0);
    private long seconds;
    private double used;

    /// An agent that uses some CPU time for itself and some for each share of the samples.
    private void run(int forSeconds, double fixed, double ofSamples) {
        for (int i = 0; i < forSeconds; i++) {
            seconds++;
            used += 2 * (fixed + ofSamples * budget.share()) * SECOND;
            budget.tick(seconds * SECOND, (long) used, 0.02);
        }
    }

    @Test
    void theStartDoesNotCount() {
        run(30, 0.5, 0);
        assertThat(budget.share()).isEqualTo(1);
        run(20, 0.01, 0);
        assertThat(budget.share()).isEqualTo(1);
    }

    @Test
    void itSettlesBelowTheBudgetAndStaysThere() {
        run(200, 0.004, 0.05);
        assertThat(budget.used()).isBetween(0.015, 0.02);
        double settled = budget.share();
        run(200, 0.004, 0.05);
        assertThat(budget.share()).isCloseTo(settled, within(0.05));
    }

    @Test
    void itTakesAllAgainWhenTheStormIsOver() {
        run(200, 0.004, 0.2);
        assertThat(budget.share()).isLessThan(0.15);
        run(200, 0.004, 0.01);
        assertThat(budget.share()).isEqualTo(1);
    }

    @Test
    void whatSamplesDoNotCauseCannotBringThemDownToNothing() {
        run(1_000, 0.5, 0.001);
        assertThat(budget.share()).isEqualTo(CpuBudget.SHARE_MIN);
    }
}
