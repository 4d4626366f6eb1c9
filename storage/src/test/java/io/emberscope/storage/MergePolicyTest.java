package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.storage.MergePolicy.Candidate;
import io.emberscope.storage.MergePolicy.Choice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MergePolicyTest {
    private static final long HOUR = Duration.ofHours(1).toMillis();
    private static final long DAY = Duration.ofDays(1).toMillis();
    private static final long START = 20_000 * DAY;
    private static final long MIB = 1 << 20;

    private final MergePolicy policy = new MergePolicy(Duration.ofDays(14), 16);
    private final List<Candidate> all = new ArrayList<>();

    private void add(long millis, int windows, long bytes) {
        all.add(new Candidate(millis, millis, windows, 1, bytes, !all.isEmpty()));
    }

    private void windows(int count, long from) {
        for (int i = 0; i < count; i++) {
            add(from + i, 1, MIB);
        }
    }

    private void assertChoice(long nowMillis, int from, int to) {
        assertThat(policy.choose(all, nowMillis)).isEqualTo(new Choice(from, to));
    }

    private void assertNothing(long nowMillis) {
        assertThat(policy.choose(all, nowMillis)).isNull();
    }

    @Test
    void eightOfOneLevelBecomeOneButNeverTheNewest() {
        windows(8, START);
        assertNothing(START + HOUR / 6);
        windows(1, START + 8);
        assertChoice(START + 8, 0, 8);
        // Seven of the next level and a window: not enough of either.
        all.clear();
        for (int i = 0; i < 7; i++) {
            add(START + i, 8 + i, 8 * MIB);
        }
        windows(7, START + 10);
        assertNothing(START + 16);
        all.clear();
        add(START, 64, MIB);
        for (int i = 0; i < 8; i++) {
            add(START + i, 63, MIB);
        }
        windows(2, START + 10);
        assertChoice(START + 10, 1, 9);
    }

    @Test
    void whatIsOfAnOldPeriodBecomesOne() {
        windows(3, START);
        add(START + DAY - 1, 9, MIB);
        assertNothing(START + DAY - 1);
        windows(2, START + DAY);
        assertChoice(START + DAY, 0, 4);
        // An eighth of a short retention is the period.
        List<Candidate> hours = List.copyOf(all.subList(0, 3));
        all.clear();
        all.addAll(hours);
        add(START + 3 * HOUR, 1, MIB);
        assertNothing(START + 3 * HOUR);
        assertThat(new MergePolicy(Duration.ofHours(8), 16).choose(all, START + 3 * HOUR))
                .isEqualTo(new Choice(0, 3));
    }

    @Test
    void whatSpansTwoPeriodsIsLeftAlone() {
        all.add(new Candidate(START - 1, START + 1, 2, 1, 1, false));
        windows(1, START + 2);
        windows(1, START + DAY);
        assertNothing(START + DAY);
    }

    @Test
    void whenNoneComesMoreAllButTheNewestBecomeOne() {
        add(START, 8, 40 * MIB);
        windows(4, START + 1);
        add(START + 5, 1, 2 * MIB);
        windows(1, START + 6);
        long quiet = START + 6 + MergePolicy.QUIET.toMillis();
        assertNothing(quiet - 1);
        assertChoice(quiet, 0, 6);
        // One that is large beside the others waits until they are more.
        all.set(0, new Candidate(START, START, 8, 1, 49 * MIB, false));
        assertChoice(quiet, 1, 6);
        all.subList(1, 6).clear();
        add(START + 7, 1, MIB);
        assertNothing(quiet + 1);
    }

    @Test
    void nothingGrowsTooLarge() {
        for (int i = 0; i < 9; i++) {
            add(START + i, 1, MergePolicy.BYTES_MAX / 5);
        }
        assertChoice(START + 9, 0, 5);
        all.clear();
        for (int i = 0; i < 9; i++) {
            all.add(new Candidate(START, START, 1, MergePolicy.ROWS_MAX / 3, 1, i > 0));
        }
        assertChoice(START + 9, 0, 3);
        // What is more than half of it is done.
        all.clear();
        for (int i = 0; i < 20; i++) {
            add(START + i, 1, i % 2 == 0 ? MergePolicy.BYTES_MAX / 2 + 1 : MIB);
        }
        windows(1, START + DAY);
        assertNothing(START + DAY);
    }

    @Test
    void manyBecomeOneInSteps() {
        for (int i = 0; i < 40; i++) {
            add(START + i, i % 2 == 0 ? 1 : 8, MIB);
        }
        windows(1, START + DAY);
        assertChoice(START + DAY, 0, 16);
    }

    @Test
    void whatIsDamagedIsNotPassedOver() {
        windows(4, START);
        Candidate third = all.get(2);
        all.set(2, new Candidate(third.oldestMillis(), third.newestMillis(), 1, 1, 1, false));
        windows(1, START + DAY);
        assertChoice(START + DAY, 0, 2);
        all.set(1, new Candidate(START, START, 1, 1, 1, false));
        assertChoice(START + DAY, 2, 4);
    }

    @Test
    void thereMayBeNone() {
        assertNothing(START);
        windows(1, START);
        assertNothing(START + 2 * DAY);
    }
}
