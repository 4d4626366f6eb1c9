package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.disk.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RangesAheadTest {
    @TempDir Path directory;

    private Ranges ranges(String name) {
        return new Ranges(name, 1 << 20, new LocalDisk(), directory.resolve(name));
    }

    private Ranges random(String name, int count) throws IOException {
        Ranges ranges = ranges(name);
        Random random = new Random(count);
        for (int i = 0; i < count; i++) {
            long start = random.nextInt(1 << 24);
            ranges.add(start, start + random.nextInt(20), i, i * 3, i * 7);
        }
        return ranges;
    }

    @Test
    void passesWhatIsPassedWithoutIt() throws IOException {
        // None, less than a batch, whole batches and more than are ahead.
        for (int count : new int[] {0, 100, 4096, 2 * 4096, 100_000}) {
            List<String> expected = new ArrayList<>();
            List<String> found = new ArrayList<>();
            try (Ranges direct = random("direct", count);
                    Ranges other = random("other", count);
                    RangesAhead ahead = new RangesAhead(other)) {
                direct.forEach((a, b, c, d, e) -> expected.add(a + " " + b + " " + c + d + e));
                ahead.forEach((a, b, c, d, e) -> found.add(a + " " + b + " " + c + d + e));
            }
            assertThat(found).isEqualTo(expected);
        }
    }

    @Test
    void whatGoesWrongIsThrownToWhoeverTakesThem() throws IOException {
        try (Ranges ranges = ranges("open")) {
            int count = Overlaps.OPEN_MAX + 2;
            for (int i = count; i > 0; i--) {
                ranges.add(i, 3L * count - i, i, i, i);
            }
            try (RangesAhead ahead = new RangesAhead(ranges)) {
                assertThatThrownBy(() -> ahead.forEach((_, _, _, _, _) -> {}))
                        .isInstanceOf(SymbolsTooLargeException.class);
            }
        }
    }

    @Test
    void theThreadEndsWhenNobodyTakesThem() throws IOException {
        try (Ranges ranges = random("left", 200_000)) {
            RangesAhead ahead = new RangesAhead(ranges);
            assertThatThrownBy(
                            () ->
                                    ahead.forEach(
                                            (_, _, _, _, _) -> {
                                                throw new IOException("enough");
                                            }))
                    .hasMessage("enough");
            ahead.close();
        }
    }
}
