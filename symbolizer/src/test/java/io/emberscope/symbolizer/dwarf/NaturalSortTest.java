package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NaturalSortTest {
    @Test
    void ordersAsAStableSortOfUnsignedNumbersDoes() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int count = random.nextInt(60);
            boolean isWide = seed % 2 == 0;
            long[] keys = random.longs(count, 0, 20).map(key -> isWide ? key - 10 : key).toArray();
            int[] order = new int[count + 3];

            NaturalSort.order(keys, count, order);

            List<Integer> expected =
                    IntStream.range(0, count)
                            .boxed()
                            .sorted(Comparator.comparing(i -> keys[i], Long::compareUnsigned))
                            .toList();
            assertThat(IntStream.of(order).limit(count).boxed().toList())
                    .as("seed %d", seed)
                    .isEqualTo(expected);
        }
    }
}
