package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.symbolizer.elf.OwnAddresses;
import io.emberscope.symbolizer.symbols.SymbolFile.CodeFrame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tells a file what it is told, keeps all of it, and answers by going through it from the
/// beginning.
final class CodeModel implements CodeSink, AutoCloseable {
    static final Path TARGET = Path.of("/store/a.symbols");
    static final String BUILD_ID = "00112233445566778899aabbccddeeff00112233";

    private record Node(int parent, int function, int callFile, int callLine) {}

    private record Row(long start, long end, int node, int file, int line) {
        boolean holds(long address) {
            return Long.compareUnsigned(address - start, end - start) < 0;
        }
    }

    private final Disk disk;
    final SymbolFileWriter writer;
    private final List<String> texts = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();

    /// Symbols, which have their name as their file.
    private final List<Row> symbols = new ArrayList<>();

    private final List<String> symbolNames = new ArrayList<>();

    CodeModel() throws IOException {
        this(new FaultyDisk(1));
    }

    CodeModel(Disk disk) throws IOException {
        this.disk = disk;
        disk.createDirectories(TARGET.getParent());
        writer = new SymbolFileWriter(disk, TARGET, BUILD_ID, SymbolLimits.OF_SERVER);
    }

    int text(String text) throws IOException {
        byte[] bytes = ("<" + text + ">").getBytes(StandardCharsets.UTF_8);
        return text(bytes, 1, bytes.length - 2);
    }

    @Override
    public int text(byte[] bytes, int offset, int length) throws IOException {
        int number = writer.text(bytes, offset, length);
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        if (number == texts.size()) {
            texts.add(text);
        } else if (!texts.get(number).equals(text)) {
            throw new AssertionError(text + " has the number of " + texts.get(number));
        }
        return number;
    }

    @Override
    public int node(int parent, int function, int callFile, int callLine) throws IOException {
        int number = writer.node(parent, function, callFile, callLine);
        if (number != nodes.size()) {
            throw new AssertionError("node " + nodes.size() + " has number " + number);
        }
        nodes.add(new Node(parent, function, callFile, callLine));
        return number;
    }

    @Override
    public void row(long start, long end, int node, int file, int line) throws IOException {
        writer.row(start, end, node, file, line);
        if (node != NONE || text(file) != null || line != 0) {
            rows.add(new Row(start, end, node, file, line));
        }
    }

    @Override
    public void endUnit() {
        writer.endUnit();
    }

    void symbol(long start, long end, String name) throws IOException {
        byte[] bytes = (name + "!").getBytes(StandardCharsets.UTF_8);
        writer.symbol(start, end, bytes, 0, bytes.length - 1);
        if (start != end && !name.isEmpty()) {
            texts.add(name); // it takes a number that nobody is told
            symbols.add(new Row(start, end, NONE, symbolNames.size(), 0));
            symbolNames.add(name);
        }
    }

    private @Nullable String text(int number) {
        return number == NONE || texts.get(number).isEmpty() ? null : texts.get(number);
    }

    private static @Nullable Row first(List<Row> rows, long address) {
        for (Row row : rows) {
            if (row.holds(address)) {
                return row;
            }
        }
        return null;
    }

    private @Nullable String symbol(long address) {
        Row symbol = first(symbols, address);
        return symbol == null ? null : symbolNames.get(symbol.file);
    }

    /// What the file must say.
    List<CodeFrame> find(long address) {
        List<CodeFrame> frames = new ArrayList<>();
        String symbol = symbol(address);
        Row row = first(rows, address);
        if (row == null) {
            return symbol == null ? List.of() : List.of(new CodeFrame(symbol, null, 0));
        }
        String file = text(row.file);
        int line = row.line;
        int number = row.node;
        do {
            Node node = number == NONE ? new Node(NONE, NONE, NONE, 0) : nodes.get(number);
            boolean isNamed = node.parent == NONE && symbol != null;
            frames.add(new CodeFrame(isNamed ? symbol : text(node.function), file, line));
            file = text(node.callFile);
            line = node.callLine;
            number = node.parent;
        } while (number != NONE);
        return frames;
    }

    /// The function that is not inlined.
    @Nullable String function(long address) {
        List<CodeFrame> frames = find(address);
        return frames.isEmpty() ? null : frames.getLast().function();
    }

    /// The file, whole.
    byte[] finish() throws IOException {
        writer.finish();
        writer.close();
        return disk.read(TARGET, 1 << 30);
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }

    static SymbolFile open(byte[] bytes) throws IOException {
        return SymbolFile.open(new ArraySource(bytes), "a.symbols", new SymbolMemory(1 << 20));
    }

    /// All that a small file says of some addresses, and of functions.
    static String describe(SymbolFile file, long[] addresses) throws IOException {
        StringBuilder text = new StringBuilder();
        for (long address : addresses) {
            text.append(Long.toHexString(address)).append(file.find(address)).append('\n');
        }
        file.forEachFunction(
                (name, start, end) ->
                        text.append(name)
                                .append(Long.toHexString(start))
                                .append('-')
                                .append(Long.toHexString(end))
                                .append('\n'));
        text.append(file.addresses().segments());
        text.append(file.buildId()).append(file.sources()).append(file.symbols());
        text.append(' ').append(file.rows()).append(' ').append(file.nodes()).append(' ');
        return text.append(file.functions()).append(' ').append(file.files()).toString();
    }

    /// A small one with everything in it.
    static CodeModel small() throws IOException {
        CodeModel model = new CodeModel();
        model.writer.madeFrom(SymbolSource.SYMBOLS);
        model.writer.madeFrom(SymbolSource.DEBUG_INFO);
        model.writer.codeAt(new OwnAddresses(List.of(new OwnAddresses.Range(0x200, 0x60, 0x1000))));
        int main = model.text("main");
        int inlined = model.text("_ZN3foo3barEv");
        int deeper = model.text("_ZN3foo3bazEv");
        int file = model.text("/src/foo.cc");
        int header = model.text("/src/foo.h");
        int outer = model.node(NONE, main, NONE, 0);
        int middle = model.node(outer, inlined, file, 7);
        int inner = model.node(middle, deeper, header, 20);
        model.row(0x1000, 0x1008, outer, file, 5);
        model.row(0x1008, 0x1010, inner, header, 30);
        model.row(0x1010, 0x1018, middle, header, 21);
        model.row(0x1018, 0x1020, outer, file, 9);
        model.endUnit();
        int other = model.node(NONE, model.text("other"), NONE, 0);
        model.row(0x1018, 0x1030, other, model.text("/src/bar.cc"), 1);
        model.row(0x1040, 0x1048, NONE, file, 3);
        model.endUnit();
        model.symbol(0x1000, 0x1014, "main_by_symbol");
        model.symbol(0x1050, 0x1060, "only_a_symbol");
        return model;
    }

    static long[] addresses(long from, int count) {
        long[] addresses = new long[count];
        Arrays.setAll(addresses, i -> from + i);
        return addresses;
    }
}
