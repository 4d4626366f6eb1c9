package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NumberMapTest {
    @Test
    void whatIsKnownIsWhatWasPutLast() {
        NumberMap map = new NumberMap(1 << 16);
        Map<Long, Integer> expected = new HashMap<>();
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            long key = random.nextInt(10_000) * 7L;
            map.put(key, i);
            expected.put(key, i);
        }
        int known = 0;
        for (var entry : expected.entrySet()) {
            int value = map.get(entry.getKey());
            if (value != NumberMap.NOTHING) {
                assertThat(value).isEqualTo(entry.getValue());
                known++;
            }
        }
        assertThat(known).as("few lose their place").isGreaterThan(expected.size() * 99 / 100);
        assertThat(map.get(3)).isEqualTo(NumberMap.NOTHING);
        map.clear();
        assertThat(map.get(7)).isEqualTo(NumberMap.NOTHING);
    }

    @Test
    void numbersThatAllWantTheSamePlaceAreForgottenAndNotSlow() {
        NumberMap map = new NumberMap(1 << 10);
        long inverse = 0xf1de_83e1_9937_733dL; // of the multiplier
        assertThat(inverse * 0x9e37_79b9_7f4a_7c15L).isEqualTo(1);
        int put = 0;
        for (long i = 1; put < 100_000; i++) {
            long key = (i << 44) * inverse;
            if (key >= 0) {
                map.put(key, put++);
                assertThat(map.get(key)).isEqualTo(put - 1);
            }
        }
    }
}
