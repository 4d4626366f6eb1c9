package io.emberscope.jmh;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.symbols.CodeSink;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;

/// Debug information of a large C++ program that there is not, with the proportions of real ones: a
/// row for each five bytes of code, two inlined functions for each that is not, names of sixty
/// bytes. The same each time.
final class MadeUpCode {
    static final long ADDRESS = 0x40_1000;
    static final int ROWS = 1_000_000;

    /// As many as are expected; lengths are by chance.
    static final long BYTES = 5L * ROWS;

    private static final int FUNCTIONS = ROWS / 32;
    private static final int FUNCTIONS_OF_UNIT = 64;
    private static final int ROWS_OF_FUNCTION = 32;
    private static final int INLINED = 6;

    private final Random random = new Random(1);
    private final SymbolFileWriter out;
    private long at = ADDRESS;

    private MadeUpCode(SymbolFileWriter out) {
        this.out = out;
    }

    static void write(Path target) throws IOException {
        try (SymbolFileWriter out =
                new SymbolFileWriter(new LocalDisk(), target, "", SymbolLimits.OF_SERVER)) {
            MadeUpCode code = new MadeUpCode(out);
            for (int i = 0; i < FUNCTIONS; i++) {
                code.function(i);
                if (i % FUNCTIONS_OF_UNIT == FUNCTIONS_OF_UNIT - 1) {
                    out.endUnit();
                }
            }
            out.finish();
        }
    }

    private void function(int number) throws IOException {
        int unit = number / FUNCTIONS_OF_UNIT;
        int file = text("/usr/src/program/lib/part" + unit % 40 + "/source" + unit + ".cpp");
        int header = text("/usr/include/c++/14/bits/header" + random.nextInt(60) + ".h");
        int line = 1 + random.nextInt(3000);
        int[] nodes = new int[1 + INLINED];
        nodes[0] = out.node(CodeSink.NONE, name(unit, number), CodeSink.NONE, 0);
        for (int i = 1; i <= INLINED; i++) {
            boolean isWithin = i > 1 && random.nextBoolean();
            nodes[i] =
                    out.node(
                            isWithin ? nodes[i - 1] : nodes[0],
                            name(0, random.nextInt(4000)),
                            isWithin ? header : file,
                            isWithin ? 1 + random.nextInt(1000) : line + random.nextInt(50));
        }
        long start = at;
        for (int i = 0; i < ROWS_OF_FUNCTION; i++) {
            int length = 1 + random.nextInt(9);
            int node = random.nextInt(3) == 0 ? random.nextInt(nodes.length) : 0;
            int where = node == 0 ? file : header;
            out.row(at, at + length, nodes[node], where, line + random.nextInt(50));
            at += length;
        }
        byte[] symbol = bytes(unit, number);
        out.symbol(start, at, symbol, 0, symbol.length);
        at = (at + 15) & -16;
    }

    private int name(int unit, int number) throws IOException {
        byte[] name = bytes(unit, number);
        return out.text(name, 0, name.length);
    }

    private int text(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return out.text(bytes, 0, bytes.length);
    }

    private static byte[] bytes(int unit, int number) {
        String name = "_ZN7program6detail" + "4part" + unit + "8function" + number;
        return (name + "INS_6VectorIfEEEEvRKT_S5_").getBytes(StandardCharsets.US_ASCII);
    }
}
