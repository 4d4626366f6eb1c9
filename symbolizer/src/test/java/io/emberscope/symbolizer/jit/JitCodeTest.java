package io.emberscope.symbolizer.jit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JitCodeTest {
    private static final long BYTES_MAX = 1 << 20;

    private final JitMemory memory = new JitMemory(BYTES_MAX);
    private final JitCode code = new JitCode(memory, BYTES_MAX);

    private void add(long start, long size, long sinceNanos, String name) {
        code.add(new JitFunction(start, sinceNanos, 0, name, JitFunction.Lines.NONE), size);
    }

    private @Nullable String at(long address, long nanos) {
        JitFrame frame = code.find(address, nanos);
        return frame == null ? null : frame.function();
    }

    @Test
    void aRangeBelongsToItsFunction() {
        add(100, 10, 0, "f");
        assertThat(at(99, 1)).isNull();
        assertThat(at(100, 1)).isEqualTo("f");
        assertThat(at(109, 1)).isEqualTo("f");
        assertThat(at(110, 1)).isNull();
    }

    @Test
    void whatIsToldLaterIsRight() {
        add(100, 100, 0, "first");
        add(120, 10, 0, "inside");
        add(180, 40, 0, "over the end");
        assertThat(at(119, 1)).isEqualTo("first");
        assertThat(at(120, 1)).isEqualTo("inside");
        assertThat(at(129, 1)).isEqualTo("inside");
        assertThat(at(130, 1)).isEqualTo("first");
        assertThat(at(180, 1)).isEqualTo("over the end");
        add(0, 1000, 0, "all");
        assertThat(at(125, 1)).isEqualTo("all");
        assertThat(code.size()).isEqualTo(1);
    }

    @Test
    void aReusedAddressHasTheNameItHadThen() {
        add(100, 100, 10, "a");
        add(150, 100, 20, "b");
        add(100, 60, 30, "c");
        assertThat(at(100, 9)).isNull();
        assertThat(at(149, 10)).isEqualTo("a");
        assertThat(at(150, 19)).isEqualTo("a");
        assertThat(at(150, 20)).isEqualTo("b");
        assertThat(at(155, 29)).isEqualTo("b");
        assertThat(at(155, 30)).isEqualTo("c");
        assertThat(at(165, 99)).isEqualTo("b");
        assertThat(at(220, 15)).isNull();
        assertThat(at(220, 25)).isEqualTo("b");
    }

    @Test
    void addressesAreUnsigned() {
        add(Long.MAX_VALUE - 1, 4, 0, "across");
        add(-16, 100, 0, "to the end");
        assertThat(at(Long.MIN_VALUE, 1)).isEqualTo("across");
        assertThat(at(-1, 1)).isEqualTo("to the end");
        assertThat(at(0, 1)).isNull();
        add(5, 0, 0, "nothing");
        add(5, -1, 0, "negative");
        assertThat(at(5, 1)).isNull();
    }

    /// Beside a list that is gone through from its end.
    @Test
    void anyOrderOfRangesIsAsTold() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            boolean hasTimes = random.nextBoolean();
            try (JitCode tested = new JitCode(memory, BYTES_MAX)) {
                List<long[]> told = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    long start = random.nextInt(100);
                    long size = 1L + random.nextInt(random.nextInt(4) == 0 ? 60 : 8);
                    told.add(new long[] {start, size});
                    tested.add(
                            new JitFunction(
                                    start,
                                    hasTimes ? i + 1 : 0,
                                    i,
                                    Integer.toString(i),
                                    JitFunction.Lines.NONE),
                            size);
                }
                for (long address = 0; address < 180; address++) {
                    // As long ago as is remembered at least: four functions of each address.
                    String expected = null;
                    for (int i = told.size() - 1; i >= 0 && expected == null; i--) {
                        long into = address - told.get(i)[0];
                        expected = into >= 0 && into < told.get(i)[1] ? Integer.toString(i) : null;
                    }
                    JitFrame found = tested.find(address, Long.MAX_VALUE);
                    assertThat(found == null ? null : found.function())
                            .as("seed %d, address %d", seed, address)
                            .isEqualTo(expected);
                    if (hasTimes && expected != null) {
                        assertThat(tested.find(address, Integer.parseInt(expected) + 1L))
                                .isEqualTo(found);
                    }
                }
            }
            assertThat(memory.taken()).as("seed %d: all is given back", seed).isZero();
        }
    }

    /// Beside one that keeps all functions.
    @Test
    void whereNotAllFunctionsAreKeptNoneIsWrong() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            boolean hasTimes = random.nextBoolean();
            long base = random.nextBoolean() ? 0 : Long.MAX_VALUE - 50;
            long[] wanted = random.ints(6, 0, 100).mapToLong(into -> base + into).toArray();
            try (JitCode all = new JitCode(memory, BYTES_MAX);
                    JitCode some = new JitCode(memory, BYTES_MAX, wanted)) {
                for (int i = 0; i < 40; i++) {
                    long start = base + random.nextInt(100);
                    long size = 1L + random.nextInt(random.nextInt(4) == 0 ? 60 : 8);
                    long since = hasTimes ? i + 1 : 0;
                    String name = Integer.toString(i);
                    JitFunction.Lines lines = JitFunction.Lines.NONE;
                    all.add(new JitFunction(start, since, i, name, lines), size);
                    if (some.keeps(start, size)) {
                        some.add(new JitFunction(start, since, i, name, lines), size);
                    }
                }
                for (long address : wanted) {
                    assertThat(some.find(address, 100))
                            .as("seed %d, address %d", seed, address)
                            .isEqualTo(all.find(address, 100));
                }
                for (long address = base; address != base + 180; address++) {
                    assertThat(some.find(address, 100))
                            .as("seed %d, address %d", seed, address)
                            .isIn(null, all.find(address, 100));
                }
            }
            assertThat(memory.taken()).as("seed %d: all is given back", seed).isZero();
        }
    }

    @Test
    void memoryIsBoundedWhateverIsTold() {
        for (int kind = 0; kind < 4; kind++) {
            code.clear();
            for (int i = 0; i < 200_000; i++) {
                long start =
                        switch (kind) {
                            case 0 -> 16L * i; // one after the other
                            case 1 -> 1000 + (i * 7919L) % 5000; // over each other
                            case 2 -> 500_000 - i; // each reaches over all before
                            default -> (i * 7919L) % 1_000_000; // cuts large ones
                        };
                long size = kind == 2 ? 2L * i + 1 : kind == 3 && i % 50 == 0 ? 1_000_000 : 8;
                add(start, size, kind % 2 == 0 ? 0 : i + 1, "function " + i);
                assertThat(code.bytes()).isLessThanOrEqualTo(BYTES_MAX + 1000);
            }
            assertThat(memory.taken()).isEqualTo(code.bytes());
        }
        code.clear();
        assertThat(memory.taken()).isZero();
    }

    @Test
    void whatHasNoRoomTakesTheNameThatWasThere() {
        add(0, 100, 0, "before");
        String long1 = "x".repeat((int) BYTES_MAX / 2);
        add(10, 10, 0, long1);
        assertThat(at(9, 1)).isEqualTo("before");
        assertThat(at(10, 1)).isNull();
        assertThat(code.leftOut()).isEqualTo(1);
    }

    @Test
    void processesShareMemory() {
        String half = "x".repeat((int) BYTES_MAX / 4 - 1000);
        add(0, 1, 0, half);
        try (JitCode other = new JitCode(memory, BYTES_MAX)) {
            other.add(new JitFunction(0, 0, 0, half + half, JitFunction.Lines.NONE), 1);
            assertThat(other.leftOut()).isEqualTo(1);
            code.close();
            other.add(new JitFunction(0, 0, 0, half + half, JitFunction.Lines.NONE), 1);
            assertThat(other.size()).isEqualTo(1);
        }
    }
}
