package io.emberscope.symbolizer.symbols;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Makes a symbol file in a small heap and reads some of it: of debug information that is made up,
/// of the symbols of the binary given as an argument, or, with a further argument, of all that it
/// has. Ends with an error if the heap is exhausted.
final class SymbolFileHeapMain {
    static final int UNITS = 2000;
    static final int NODES = 1500;
    static final int ROWS = 5000;
    static final int TEXTS = 500;

    private static final int ROW_BYTES = 4;
    private static final int FUNCTIONS_MAX = 2 << 20;

    private static final int NONE = CodeSink.NONE;

    private SymbolFileHeapMain() {}

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        long start = System.nanoTime();
        if (args.length > 2) {
            tellAll(Path.of(args[1]), target);
        } else if (args.length > 1) {
            try (PathSource source = PathSource.open(Path.of(args[1]))) {
                ElfSymbolsTest.write(
                        ElfFile.open(source),
                        256 * 1024,
                        SymbolLimits.OF_AGENT,
                        new LocalDisk(),
                        target);
            }
        } else {
            tell(target);
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        SymbolMemory memory = new SymbolMemory(512 << 10);
        try (SymbolFile file = SymbolFile.open(PathSource.open(target), "made", memory)) {
            if (args.length == 1) {
                check(file);
            }
            System.out.printf(
                    "%d symbols, %d rows, %d nodes, %d texts, %d bytes in %d ms%n",
                    file.symbols(),
                    file.rows(),
                    file.nodes(),
                    file.functions() + file.files(),
                    file.bytes(),
                    millis);
        }
    }

    /// As the server does.
    private static void tellAll(Path binary, Path target) throws IOException {
        LocalDisk disk = new LocalDisk();
        try (PathSource source = PathSource.open(binary)) {
            ElfFile file = ElfFile.open(source);
            Path directory = target.resolveSibling("");
            DebugInfo debug =
                    DebugInfo.of(file)
                            .scratch(DiskScratch.in(disk, directory, target.getFileName() + ""))
                            .threads(2);
            BinarySymbols.Told told =
                    BinarySymbols.write(
                            file, debug, FUNCTIONS_MAX, SymbolLimits.OF_SERVER, disk, target);
            System.out.println(told);
        }
    }

    private static void tell(Path target) throws IOException {
        try (SymbolFileWriter writer =
                new SymbolFileWriter(new LocalDisk(), target, "", SymbolLimits.OF_SERVER)) {
            int[] texts = new int[TEXTS];
            for (int i = 0; i < UNITS; i++) {
                int unit = i * 7919 % UNITS; // in no order
                for (int t = 0; t < TEXTS; t++) {
                    byte[] text = text(unit, t);
                    texts[t] = writer.text(text, 0, text.length);
                }
                int first = 0;
                for (int n = 0; n < NODES; n++) {
                    boolean isInlined = n % 4 != 0;
                    int node =
                            writer.node(
                                    isInlined ? first + n - 1 : NONE,
                                    texts[n % TEXTS],
                                    isInlined ? texts[0] : NONE,
                                    isInlined ? n + 1 : 0);
                    first = n == 0 ? node : first;
                }
                for (int r = 0; r < ROWS; r++) {
                    long at = address(unit, r);
                    writer.row(at, at + ROW_BYTES, first + r % NODES, texts[r % 3], line(unit, r));
                }
                writer.endUnit();
            }
            writer.finish();
        }
    }

    private static long address(int unit, int row) {
        return 0x40_0000L + ((long) unit * ROWS + row) * ROW_BYTES;
    }

    private static int line(int unit, int row) {
        return 1 + (unit + row * 3) % 5000;
    }

    private static byte[] text(int unit, int number) {
        String text = "_ZN5ember4unit" + unit + "8functionILi" + number * 31 + "EEEvRKSsb";
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void check(SymbolFile file) throws IOException {
        Place place = new Place();
        for (int i = 0; i < 200_000; i++) {
            int unit = i * 31 % UNITS;
            int row = (int) (i * 7907L % ROWS);
            if (!file.find(address(unit, row) + i % ROW_BYTES, place)) {
                throw new AssertionError(unit + ", " + row + ": nothing");
            }
            int node = row % NODES;
            String expected = new String(text(unit, node % TEXTS), StandardCharsets.US_ASCII);
            if (!expected.equals(place.function(0))
                    || place.line(0) != line(unit, row)
                    || place.depth() != 1 + node % 4) {
                throw new AssertionError(unit + ", " + row + ": " + place.function(0));
            }
        }
    }
}
