package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.disk.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RangesAheadTest {
    @TempDir Path directory;

    private Ranges ranges(String name) {
        return new Ranges(name, 1 << 20, new LocalDisk(), directory.resolve(name));
    }

    /// So many that do not overlap, in no order.
    private Ranges shuffled(String name, int count) throws IOException {
        List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
        Collections.shuffle(order, new Random(count));
        Ranges ranges = ranges(name);
        for (int i : order) {
            ranges.add(32L * i, 32L * i + 20, i, i * 3, i * 7);
        }
        return ranges;
    }

    @Test
    void passesThemAllInOrder() throws IOException {
        // None, less than a batch, whole batches and more than are ahead.
        for (int count : new int[] {0, 100, 4096, 2 * 4096, 100_000}) {
            List<String> found = new ArrayList<>();
            try (Ranges ranges = shuffled("ranges", count);
                    RangesAhead ahead = new RangesAhead(ranges)) {
                ahead.forEach(
                        (start, last, node, text, line) ->
                                found.add(start + "-" + last + " " + node + text + line));
            }
            assertThat(found)
                    .isEqualTo(
                            IntStream.range(0, count)
                                    .mapToObj(
                                            i ->
                                                    32L * i
                                                            + "-"
                                                            + (32L * i + 20)
                                                            + " "
                                                            + i
                                                            + 3 * i
                                                            + 7 * i)
                                    .toList());
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
        try (Ranges ranges = shuffled("left", 200_000)) {
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
