package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LabelsTest {
    @Test
    void labelsBehaveAsASortedMapWithoutEmptyValues() {
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            TreeMap<String, String> map = new TreeMap<>();
            Labels labels = Labels.EMPTY;
            for (int i = random.nextInt(40); i > 0; i--) {
                String name = "n" + random.nextInt(15);
                String value = random.nextInt(3) == 0 ? "" : "v" + random.nextInt(5);
                labels = labels.with(name, value);
                map.put(name, value);
                map.values().removeIf(String::isEmpty);
                assertThat(labels).as("seed %d", seed).isEqualTo(Labels.of(map));
            }
            TreeMap<String, String> seen = new TreeMap<>();
            List<String> order = new ArrayList<>();
            labels.forEach(
                    (name, value) -> {
                        seen.put(name, value);
                        order.add(name);
                    });
            assertThat(seen).as("seed %d", seed).isEqualTo(map);
            assertThat(order).isSorted().isEqualTo(labels.names());
            assertThat(labels.size()).isEqualTo(map.size());
            for (int i = 0; i < 16; i++) {
                assertThat(labels.get("n" + i)).isEqualTo(map.getOrDefault("n" + i, ""));
            }
            assertThat(labels.hashCode()).isEqualTo(Labels.of(map).hashCode());
            assertThat(labels.toString()).isEqualTo(Labels.of(map).toString());
        }
    }

    @Test
    void theOrderOfWritingDoesNotMatter() {
        assertThat(Labels.of("b", "2", "a", "1", "c", ""))
                .isEqualTo(Labels.of(Map.of("a", "1", "b", "2")))
                .isNotEqualTo(Labels.of("a", "1"))
                .isNotEqualTo(Labels.of("a", "b", "1", "2"));
    }

    @Test
    void theTextIsASelector() {
        assertThat(Labels.of("b", "\"\\\n", "a", "1")).hasToString("{a=\"1\",b=\"\\\"\\\\\\n\"}");
        assertThat(Labels.EMPTY).hasToString("{}");
    }

    @Test
    void aNameWithoutAValueIsRefused() {
        assertThatThrownBy(() -> Labels.of("a")).isInstanceOf(IllegalArgumentException.class);
    }
}
