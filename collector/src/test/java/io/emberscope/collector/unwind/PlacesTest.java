package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.UnwindMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlacesTest {
    private static final long CHUNK_BYTES = (long) UnwindMemory.CHUNK_WORDS * Integer.BYTES;

    private record Taken(int place, int words) {}

    @Test
    void whatIsTakenNeverOverlapsAndAllOfItComesBack() throws Exception {
        for (long seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            try (UnwindMemory memory = UnwindMemory.detached()) {
                Places places = new Places(memory, 4 * CHUNK_BYTES, new Metrics());
                TreeMap<Integer, Integer> used = new TreeMap<>();
                List<Taken> taken = new ArrayList<>();
                long now = 0;
                for (int i = 0; i < 500; i++) {
                    now += random.nextInt(1_000_000_000);
                    places.settle(now);
                    if (random.nextInt(3) > 0) {
                        int words = 1 + random.nextInt(60_000);
                        int place = places.take(words);
                        if (place != Places.NOWHERE) {
                            assertThat(place).isGreaterThanOrEqualTo(UnwindMemory.FIRST_PLACE);
                            var below = used.floorEntry(place);
                            var above = used.ceilingEntry(place);
                            assertThat(below == null || below.getKey() + below.getValue() <= place)
                                    .isTrue();
                            assertThat(above == null || above.getKey() >= place + words).isTrue();
                            memory.write(place, new int[words], words); // it is there
                            used.put(place, words);
                            taken.add(new Taken(place, words));
                        }
                    } else if (!taken.isEmpty()) {
                        Taken freed = taken.remove(random.nextInt(taken.size()));
                        used.remove(freed.place());
                        places.free(freed.place(), freed.words(), now);
                    }
                    assertThat(places.bytes()).isLessThanOrEqualTo(4 * CHUNK_BYTES);
                }
                for (Taken left : taken) {
                    places.free(left.place(), left.words(), now);
                }
                places.settle(now + Places.REST_NANOS);
                assertThat(places.usedBytes()).as("seed %d", seed).isZero();
                assertThat(places.bytes()).as("seed %d", seed).isLessThanOrEqualTo(CHUNK_BYTES);
            }
        }
    }

    @Test
    void whatIsFreedIsNotUsedAgainAtOnce() throws Exception {
        try (UnwindMemory memory = UnwindMemory.detached()) {
            Places places = new Places(memory, CHUNK_BYTES, new Metrics());
            int words = UnwindMemory.CHUNK_WORDS - UnwindMemory.FIRST_PLACE;
            int place = places.take(words);
            assertThat(place).isEqualTo(UnwindMemory.FIRST_PLACE);
            assertThat(places.take(8)).isEqualTo(Places.NOWHERE);
            places.free(place, words, 1_000);
            places.settle(1_000 + Places.REST_NANOS - 1);
            assertThat(places.restingWords()).isEqualTo(words);
            assertThat(places.take(8)).isEqualTo(Places.NOWHERE);
            places.settle(1_000 + Places.REST_NANOS);
            assertThat(places.restingWords()).isZero();
            assertThat(places.take(words)).isEqualTo(place);
        }
    }
}
