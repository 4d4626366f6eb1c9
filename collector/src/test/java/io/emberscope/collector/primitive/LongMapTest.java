package io.emberscope.collector.primitive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LongMapTest {
    @Test
    void behavesAsTheMapOfTheJdkUnderRandomUse() {
        for (long seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            LongMap<String> map = new LongMap<>();
            Map<Long, String> model = new HashMap<>();
            for (int i = 0; i < 2_000; i++) {
                long key = random.nextInt(64) * (random.nextBoolean() ? 1L : 1L << 32);
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        map.put(key, "v" + i);
                        model.put(key, "v" + i);
                    }
                    case 2 ->
                            assertThat(map.remove(key))
                                    .as("seed %d step %d", seed, i)
                                    .isEqualTo(model.remove(key));
                    default ->
                            assertThat(map.get(key))
                                    .as("seed %d step %d", seed, i)
                                    .isEqualTo(model.get(key));
                }
                assertThat(map.size()).isEqualTo(model.size());
            }
            Map<Long, String> seen = new HashMap<>();
            map.forEach(seen::put);
            assertThat(seen).as("seed %d", seed).isEqualTo(model);
        }
    }

    @Test
    void clearForgetsAll() {
        LongMap<String> map = new LongMap<>();
        map.put(0, "zero");
        map.put(-1, "minus one");
        map.clear();
        assertThat(map.size()).isZero();
        assertThat(map.get(0)).isNull();
        assertThat(map.get(-1)).isNull();
    }
}
