package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.SeenBatches.Verdict;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeenBatchesTest {
    private static final TenantId ACME = new TenantId("acme");

    private static BatchId id(long sequence) {
        return new BatchId("agent", 1, sequence);
    }

    @Test
    void whatWasAddedIsStoredAndNothingElse() throws Exception {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            SeenBatches seen = new SeenBatches(10);
            Set<Long> model = new HashSet<>();
            long newest = -1;
            long base = random.nextInt(5_000);
            for (int i = 0; i < 3_000; i++) {
                base += random.nextInt(3) == 0 ? random.nextInt(400) : 1;
                long sequence = Math.max(0, base - random.nextInt(1_200));
                Verdict expected =
                        sequence <= newest - SeenBatches.WINDOW
                                ? Verdict.TOO_OLD
                                : model.contains(sequence) ? Verdict.STORED : Verdict.NEW;
                assertThat(seen.verdict(ACME, id(sequence)))
                        .as("seed %d step %d", seed, i)
                        .isEqualTo(expected);
                if (expected == Verdict.NEW) {
                    seen.add(ACME, id(sequence));
                    model.add(sequence);
                    newest = Math.max(newest, sequence);
                }
                if (i % 500 == 0) {
                    seen = SeenBatches.decode(seen.encode(), 10);
                }
            }
        }
    }

    @Test
    void tenantsAgentsAndRunsAreApart() {
        SeenBatches seen = new SeenBatches(10);
        seen.add(ACME, id(5));
        assertThat(seen.verdict(new TenantId("globex"), id(5))).isEqualTo(Verdict.NEW);
        assertThat(seen.verdict(ACME, new BatchId("agent", 2, 5))).isEqualTo(Verdict.NEW);
        assertThat(seen.verdict(ACME, new BatchId("other", 1, 5))).isEqualTo(Verdict.NEW);
        assertThat(seen.verdict(ACME, id(5))).isEqualTo(Verdict.STORED);
    }

    @Test
    void theRunThatIsQuietForLongestIsForgotten() {
        SeenBatches seen = new SeenBatches(2);
        seen.add(ACME, new BatchId("a", 1, 1));
        seen.add(ACME, new BatchId("b", 1, 1));
        seen.add(ACME, new BatchId("a", 1, 2));
        seen.add(ACME, new BatchId("c", 1, 1));
        assertThat(seen.size()).isEqualTo(2);
        assertThat(seen.forgotten()).isEqualTo(1);
        assertThat(seen.verdict(ACME, new BatchId("b", 1, 1))).isEqualTo(Verdict.NEW);
        assertThat(seen.verdict(ACME, new BatchId("a", 1, 1))).isEqualTo(Verdict.STORED);
    }

    @Test
    void damagedStateIsRefused() {
        SeenBatches seen = new SeenBatches(10);
        seen.add(ACME, id(5));
        byte[] bytes = seen.encode();
        for (int i = 0; i < bytes.length; i++) {
            byte[] damaged = bytes.clone();
            damaged[i] ^= 1;
            assertThatThrownBy(() -> SeenBatches.decode(damaged, 10))
                    .as("byte %d", i)
                    .isInstanceOf(MalformedInputException.class);
        }
    }
}
