package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a file says, of every byte, is what going through all that was told says.
class SymbolFileModelTest {
    private static final long SEED = Long.getLong("seed", 20_261_003);
    private static final int ROUNDS =
            Integer.getInteger("symbols.rounds", Boolean.getBoolean("long") ? 600 : 300);
    private static final int NONE = CodeSink.NONE;

    /// Where addresses are at an end of something.
    private static final long[] PLACES = {
        0, 0x401000, (1L << 32) - 150, Long.MAX_VALUE - 150, -300, 0xffff_ffff_8100_0000L
    };

    @Test
    void everyByteBelongsToWhatTheModelSays() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(SEED + round);
            long from = PLACES[random.nextInt(PLACES.length)];
            int span = from == -300 ? 300 : 20 + random.nextInt(400);
            try (CodeModel model = told(random, from, span);
                    SymbolFile file = CodeModel.open(model.finish())) {
                List<@Nullable String> functions = functions(file, from, span);
                for (int i = -3; i < span + 3; i++) {
                    long address = from + i;
                    assertThat(file.find(address))
                            .as("seed %d at %x", SEED + round, address)
                            .isEqualTo(model.find(address));
                    if (i >= 0 && i < span) {
                        assertThat(functions.get(i))
                                .as("seed %d, function at %x", SEED + round, address)
                                .isEqualTo(model.function(address));
                    }
                }
            }
        }
    }

    private static CodeModel told(Random random, long from, int span) throws IOException {
        CodeModel model = new CodeModel();
        int units = random.nextInt(5);
        boolean symbolsFirst = random.nextBoolean();
        if (symbolsFirst) {
            tellSymbols(model, random, from, span);
        }
        for (int unit = 0; unit < units; unit++) {
            List<Integer> nodes = new ArrayList<>(List.of(NONE));
            for (int i = random.nextInt(300); i > 0; i--) {
                nodes.add(
                        model.node(
                                nodes.get(random.nextInt(nodes.size())),
                                text(model, random, "_ZN4ember"),
                                text(model, random, "/usr/src/ember/"),
                                random.nextInt(3) * random.nextInt(1 << 20)));
            }
            List<long[]> rows = pieces(random, from, span);
            for (long[] row : rows) {
                model.row(
                        row[0],
                        row[1],
                        nodes.get(random.nextInt(nodes.size())),
                        text(model, random, "/usr/src/ember/"),
                        random.nextInt(4) == 0 ? 0 : random.nextInt(Integer.MAX_VALUE));
            }
            model.endUnit();
        }
        if (!symbolsFirst) {
            tellSymbols(model, random, from, span);
        }
        return model;
    }

    private static void tellSymbols(CodeModel model, Random random, long from, int span)
            throws IOException {
        for (int i = random.nextInt(3); i > 0; i--) { // more than one time they overlap
            for (long[] symbol : pieces(random, from, span)) {
                model.symbol(symbol[0], symbol[1], "_ZN4ember" + random.nextInt(50));
            }
        }
    }

    private static int text(CodeModel model, Random random, String prefix) throws IOException {
        return switch (random.nextInt(8)) {
            case 0 -> NONE;
            case 1 -> model.text("");
            case 2 -> model.text("ü".repeat(random.nextInt(4)));
            default -> model.text(prefix + "x".repeat(random.nextInt(4)) + random.nextInt(60));
        };
    }

    /// Pieces that do not overlap, with gaps, in any order.
    private static List<long[]> pieces(Random random, long from, int span) {
        List<long[]> pieces = new ArrayList<>();
        int lengthMax = 1 + random.nextInt(40);
        int gapMax = 1 + random.nextInt(10);
        for (int at = random.nextInt(20); at < span; ) {
            int length = Math.min(random.nextInt(lengthMax) + 1, span - at);
            pieces.add(new long[] {from + at, from + at + length});
            at += length + (random.nextBoolean() ? 0 : random.nextInt(gapMax));
        }
        if (random.nextInt(3) > 0) {
            Collections.shuffle(pieces, random);
        }
        return pieces;
    }

    private static List<@Nullable String> functions(SymbolFile file, long from, int span)
            throws IOException {
        List<@Nullable String> functions = new ArrayList<>(Collections.nCopies(span, null));
        file.forEachFunction(
                (name, start, end) -> {
                    for (long address = start; address != end; address++) {
                        assertThat(functions.set((int) (address - from), name)).isNull();
                    }
                });
        return functions;
    }

    @Test
    void manyRowsAreSortedAndFoundInTheirPlaces() throws Exception {
        int count = 200_000; // several runs, and three levels of blocks
        Random random = new Random(SEED);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(i);
        }
        Collections.shuffle(order, random);
        try (CodeModel model = new CodeModel()) {
            for (int i : order) {
                if (i % 1000 == 0) {
                    model.endUnit();
                }
                int node = model.writer.node(NONE, model.writer.text(name(i), 0, 8), NONE, 0);
                model.writer.row(10L * i, 10L * i + 7, node, NONE, i + 1);
                model.writer.symbol(10L * i + 5, 10L * i + 9, name(i + count), 0, 8);
            }
            try (SymbolFile file = CodeModel.open(model.finish())) {
                assertThat(file.rows()).isEqualTo(count);
                assertThat(file.functions()).isEqualTo(2 * count);
                for (int i = 0; i < count; i++) {
                    assertThat(file.find(10L * i + 4)).containsExactly(frame(name(i, 0), i + 1));
                    assertThat(file.find(10L * i + 6))
                            .containsExactly(frame(name(i, count), i + 1));
                    assertThat(file.find(10L * i + 8)).containsExactly(frame(name(i, count), 0));
                    assertThat(file.find(10L * i + 9)).isEmpty();
                }
            }
        }
    }

    private static SymbolFile.CodeFrame frame(String function, int line) {
        return new SymbolFile.CodeFrame(function, null, line);
    }

    private static String name(int number, int more) {
        return new String(name(number + more), StandardCharsets.US_ASCII);
    }

    private static byte[] name(int number) {
        return String.format(Locale.ROOT, "f%07d", number).getBytes(StandardCharsets.US_ASCII);
    }
}
