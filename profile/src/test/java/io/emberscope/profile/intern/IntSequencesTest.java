package io.emberscope.profile.intern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntSequencesTest {
    @Test
    void sequencesAreNumberedAsAMapWouldAlsoAfterClearing() {
        IntSequences sequences = new IntSequences();
        for (long seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            Map<List<Integer>, Integer> expected = new HashMap<>();
            for (int i = random.nextInt(3_000); i > 0; i--) {
                int[] source = random.ints(12, 0, 3).toArray();
                int offset = random.nextInt(6);
                int length = random.nextInt(7);
                List<Integer> sequence = new ArrayList<>();
                for (int j = 0; j < length; j++) {
                    sequence.add(source[offset + j]);
                }
                Integer number = expected.putIfAbsent(sequence, expected.size());
                int added = sequences.add(source, offset, length);
                assertThat(added)
                        .as("seed %d", seed)
                        .isEqualTo(number == null ? expected.size() - 1 : number);
                assertThat(sequences.size()).isEqualTo(expected.size());
            }
            expected.forEach(
                    (sequence, number) ->
                            assertThat(sequences.get(number))
                                    .containsExactly(sequence.stream().mapToInt(i -> i).toArray()));
            sequences.clear();
            assertThat(sequences.size()).isZero();
        }
    }

    @Test
    void whatIsAddedIsCopied() {
        IntSequences sequences = new IntSequences();
        int[] source = {1, 2};
        assertThat(sequences.add(source)).isZero();
        source[0] = 9;
        assertThat(sequences.add(1, 2)).isZero();
        assertThat(sequences.add(source)).isEqualTo(1);
    }

    @Test
    void numbersOutsideTheTableAreOurMistake() {
        IntSequences sequences = new IntSequences();
        sequences.add(1);
        sequences.clear();
        assertThatThrownBy(() -> sequences.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> sequences.add(new int[2], 1, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void textsAreNumberedByFirstAppearance() {
        StringTable strings = StringTable.withEmptyFirst();
        assertThat(strings.add("a")).isEqualTo(1);
        assertThat(strings.add("")).isZero();
        assertThat(strings.add("b")).isEqualTo(2);
        assertThat(strings.add("a")).isEqualTo(1);
        assertThat(strings.get(2)).isEqualTo("b");
        assertThat(strings.size()).isEqualTo(3);
        assertThat(strings.texts()).containsExactly("", "a", "b");
    }

    @Test
    void aListGrows() {
        IntList list = new IntList();
        for (int i = 0; i < 100; i++) {
            list.add(i);
            assertThat(list.get(i)).isEqualTo(i);
        }
        assertThat(list.toArray()).hasSize(100);
        list.clear();
        assertThat(list.size()).isZero();
        assertThatThrownBy(() -> list.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
