package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.collector.MemoryBudget.Circumstances;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private static final long MIB = 1 << 20;
    private static final int[] CPUS = {1, 2, 8, 64, 256};

    private static Circumstances of(int cpus, int frequencyHz) {
        return new Circumstances(48 * MIB, cpus, cpus, frequencyHz);
    }

    private static long least(Circumstances given) {
        try {
            MemoryBudget.cut("--memory", MIB, given);
        } catch (UsageException e) {
            Matcher least =
                    Pattern.compile("at least (\\d+)MiB").matcher(String.valueOf(e.getMessage()));
            assertThat(least.find()).isTrue();
            return Long.parseLong(least.group(1)) * MIB;
        }
        throw new AssertionError("a budget of 1 MiB is taken");
    }

    @Test
    void thePartsAreTheWhole() throws Exception {
        for (int cpus : CPUS) {
            for (int hz : new int[] {1, 97, 1000}) {
                for (long more = 0; more < 300; more += 7) {
                    Circumstances given = of(cpus, hz);
                    long bytes = least(given) + more * MIB;
                    MemoryBudget budget = MemoryBudget.cut("--memory", bytes, given);
                    assertThat(
                                    budget.heap()
                                            + budget.jvm()
                                            + budget.events()
                                            + budget.ring()
                                            + budget.maps()
                                            + budget.unwind())
                            .isEqualTo(bytes);
                    assertThat(budget.unwind()).isGreaterThanOrEqualTo(2 * MIB);
                    assertThat(Long.bitCount(budget.ring())).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void whatIsTooSmallIsRefusedAndSaysWhatIsEnough() throws Exception {
        for (int cpus : CPUS) {
            Circumstances given = of(cpus, 97);
            long least = least(given);
            assertThat(MemoryBudget.cut("--memory", least, given).bytes()).isEqualTo(least);
            assertThatThrownBy(() -> MemoryBudget.cut("--memory", least - MIB, given))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining(
                            "--memory: "
                                    + (least / MIB - 1)
                                    + "MiB (expected: at least "
                                    + least / MIB
                                    + "MiB");
        }
    }

    @Test
    void whatAMachineGetsByDefaultIsEnoughForTables() throws Exception {
        for (int cpus : CPUS) {
            MemoryBudget budget =
                    MemoryBudget.cut("--memory", MemoryBudget.ofMachine(cpus), of(cpus, 97));
            assertThat(budget.unwind()).as("%d CPUs", cpus).isGreaterThan(32 * MIB);
        }
    }

    @Test
    void aSmallBudgetHasASmallerRing() throws Exception {
        Circumstances given = of(64, 1000);
        assertThat(MemoryBudget.cut("--memory", 1 << 30, given).ring()).isEqualTo(64 * MIB);
        assertThat(MemoryBudget.cut("--memory", least(given), given).ring()).isEqualTo(MIB);
    }
}
