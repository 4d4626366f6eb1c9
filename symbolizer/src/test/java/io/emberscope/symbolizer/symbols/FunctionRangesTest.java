package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FunctionRangesTest {
    private final List<String> found = new ArrayList<>();
    private final FunctionRanges ranges =
            new FunctionRanges((name, start, end) -> found.add(name + ' ' + start + ".." + end));

    @Test
    void neighboursOfOneFunctionAreOneRange() throws IOException {
        ranges.add("f", 0, 9);
        ranges.add("f", 10, 19);
        ranges.add("f", 30, 39);
        ranges.add("g", 40, 49);
        ranges.finish();
        assertThat(found).containsExactly("f 0..20", "f 30..40", "g 40..50");
    }

    @Test
    void whatHasNoNameIsLeftOut() throws IOException {
        ranges.add("", 0, 9);
        ranges.add(null, 10, 19);
        ranges.addSymbol("", 20, 29);
        ranges.add("", 30, 39);
        ranges.finish();
        assertThat(found).isEmpty();
    }
}
