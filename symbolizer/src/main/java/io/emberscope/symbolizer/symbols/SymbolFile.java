package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.LegibleText;
import io.emberscope.symbolizer.elf.OwnAddresses;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A symbol file, of which only what is asked for is read. Addresses are those of the binary (ELF
/// virtual addresses), unsigned.
///
/// A file that is damaged, or was made to look as if it were one, gives a
/// [MalformedInputException], when it is opened or when what is damaged is needed, and never
/// another answer than the one that was written. Safe for use by several threads.
public final class SymbolFile implements AutoCloseable {
    private static final int STRING_BYTES = 48;

    private final ByteSource source;
    private final Foot foot;
    private final Blocks blocks;
    private final Tree symbols;
    private final Tree rows;
    private final Tree nodes;
    private final Tree functions;
    private final Tree files;

    private SymbolFile(ByteSource source, Foot foot, Blocks blocks) {
        this.source = source;
        this.foot = foot;
        this.blocks = blocks;
        symbols = new Tree(Layout.Kind.SYMBOLS, foot.symbols(), blocks);
        rows = new Tree(Layout.Kind.ROWS, foot.rows(), blocks);
        nodes = new Tree(Layout.Kind.NODES, foot.nodes(), blocks);
        functions = new Tree(Layout.Kind.TEXTS, foot.functions(), blocks);
        files = new Tree(Layout.Kind.TEXTS, foot.files(), blocks);
    }

    /// A function in one place, or a call of the one before it.
    ///
    /// @param function raw (linkage) name; null if it is not known
    /// @param file source file; null if it is not known
    /// @param line from 1; 0 if it is not known
    public record CodeFrame(@Nullable String function, @Nullable String file, int line) {}

    /// Takes functions in turn.
    public interface FunctionVisitor {
        /// A range of code of a function that is not inlined. A function may have several.
        ///
        /// @param name raw (linkage) name
        /// @param start address of the first byte
        /// @param end address behind the last; 0 if that is at the end of all addresses
        void function(String name, long start, long end) throws IOException;
    }

    /// Opens a file.
    ///
    /// @param source is closed with this, also if it cannot be opened
    /// @param name of the file, for errors
    /// @param memory for what is read; may be shared with other files
    /// @throws MalformedInputException if it is no symbol file, or of another version, or damaged
    ///   where it says what it holds
    public static SymbolFile open(ByteSource source, String name, SymbolMemory memory)
            throws IOException {
        boolean isOpen = false;
        try {
            Blocks blocks = new Blocks(source, name, memory, memory.newOwner());
            SymbolFile file = new SymbolFile(source, foot(source, name), blocks);
            isOpen = true;
            return file;
        } finally {
            if (!isOpen) {
                source.close();
            }
        }
    }

    /// Whether a file begins as symbol files of any version do.
    public static boolean isOne(ByteSource source) throws IOException {
        byte[] beginning = new byte[Long.BYTES];
        if (source.size() < beginning.length) {
            return false;
        }
        source.fill(0, beginning, beginning.length, "beginning");
        return ByteCursor.of(beginning).i64("magic") == Layout.MAGIC;
    }

    private static Foot foot(ByteSource source, String name) throws IOException {
        try {
            long end = source.size() - Layout.FOOT_BYTES;
            if (end < Layout.HEAD_BYTES) {
                throw new MalformedInputException(
                        "size: "
                                + source.size()
                                + " (expected: at least "
                                + (Layout.HEAD_BYTES + Layout.FOOT_BYTES)
                                + ")");
            }
            byte[] head = new byte[Layout.HEAD_BYTES];
            source.fill(0, head, head.length, "head");
            ByteCursor in = ByteCursor.of(head);
            long magic = in.i64("magic");
            if (magic != Layout.MAGIC) {
                throw new MalformedInputException(
                        "beginning: 0x"
                                + Long.toHexString(magic)
                                + " (expected: that of a symbol file)");
            }
            Foot.checkVersion(in.i32("version"));
            int zero = in.i32("zero");
            if (zero != 0) {
                throw new MalformedInputException("head: " + zero + " (expected: 0)");
            }
            byte[] foot = new byte[Layout.FOOT_BYTES];
            source.fill(end, foot, foot.length, "foot");
            return Foot.of(foot, end);
        } catch (MalformedInputException e) {
            throw new MalformedInputException(name + ": " + e.getMessage(), e);
        }
    }

    /// What it was made from.
    public Set<SymbolSource> sources() {
        return Collections.unmodifiableSet(foot.sources());
    }

    /// Build id of the binary, in hex; empty if it has none.
    public String buildId() {
        return HexFormat.of().formatHex(foot.buildId());
    }

    /// Where the binary's code is; none if the file was made from another one than the binary.
    public OwnAddresses addresses() {
        return foot.addresses();
    }

    /// Bytes of the file.
    public long bytes() {
        return source.size();
    }

    /// Ranges of symbols.
    public int symbols() {
        return symbols.count();
    }

    /// Ranges of code with their function and line.
    public int rows() {
        return rows.count();
    }

    /// Functions that debug information tells of, where they were inlined.
    public int nodes() {
        return nodes.count();
    }

    /// Different names of functions.
    public int functions() {
        return functions.count();
    }

    /// Different paths of source files.
    public int files() {
        return files.count();
    }

    /// Finds what the byte at an address belongs to. A caller's frame has the address its callee
    /// returns to, which may be the first of the next function: ask for it minus one.
    ///
    /// @param place takes what is found
    /// @return whether anything is known
    /// @throws MalformedInputException if the file is damaged there
    public boolean find(long address, Place place) throws IOException {
        place.clear();
        String symbol = symbol(address);
        Block block = rows.find(address);
        int index = block == null ? -1 : block.range(address);
        if (block == null || index < 0) {
            if (symbol != null) {
                place.add(symbol, null, 0);
            }
            return symbol != null;
        }
        int file = number(block, Layout.ROW_FILE, index);
        int line = number(block, Layout.ROW_LINE, index);
        int node = number(block, Layout.ROW_NODE, index) - 1;
        Block at = null; // most nodes of a chain are in one block
        int first = 0;
        while (node >= 0) {
            if (at == null || node < first) {
                at = nodes.numbered(node, Layout.BLOCK_BITS);
                first = node & -Layout.BLOCK;
            }
            int parent = parent(at, node);
            boolean isOutermost = parent < 0;
            place.add(
                    isOutermost && symbol != null
                            ? symbol
                            : function(number(at, Layout.FUNCTION, node - first)),
                    file(file),
                    line);
            if (place.depth() > Layout.DEPTH_MAX) {
                throw tooDeep(node);
            }
            file = number(at, Layout.CALL_FILE, node - first);
            line = number(at, Layout.CALL_LINE, node - first);
            node = parent;
        }
        if (place.depth() == 0) {
            place.add(symbol, file(file), line);
        }
        return true;
    }

    /// What [#find(long, Place)] finds, innermost first; empty if nothing is known.
    public List<CodeFrame> find(long address) throws IOException {
        Place place = new Place();
        find(address, place);
        List<CodeFrame> frames = new ArrayList<>(place.depth());
        for (int i = 0; i < place.depth(); i++) {
            frames.add(new CodeFrame(place.function(i), place.file(i), place.line(i)));
        }
        return frames;
    }

    /// Passes all functions that are not inlined and have a name, in the order of their addresses:
    /// symbols, and what debug information tells of where there is no symbol.
    public void forEachFunction(FunctionVisitor visitor) throws IOException {
        FunctionRanges found = new FunctionRanges(visitor);
        Tree.Cursor symbol = symbols.ranges();
        Tree.Cursor row = rows.ranges();
        boolean hasSymbol = symbol.next();
        boolean hasRow = row.next();
        long from = hasRow ? row.start() : 0; // what is before it in the row is passed
        while (hasRow) {
            if (hasSymbol && Long.compareUnsigned(symbol.start(), from) <= 0) {
                long last = symbol.last();
                found.addSymbol(symbolName(symbol), symbol.start(), last);
                hasSymbol = symbol.next();
                while (hasRow && Long.compareUnsigned(row.last(), last) <= 0) {
                    hasRow = row.next();
                }
                if (hasRow) {
                    from = later(row.start(), last + 1);
                }
                continue;
            }
            long last = row.last();
            boolean isCut = hasSymbol && Long.compareUnsigned(symbol.start(), last) <= 0;
            found.add(outermost(row), from, isCut ? symbol.start() - 1 : last);
            if (isCut) {
                from = symbol.start();
            } else {
                hasRow = row.next();
                from = hasRow ? row.start() : 0;
            }
        }
        while (hasSymbol) {
            found.addSymbol(symbolName(symbol), symbol.start(), symbol.last());
            hasSymbol = symbol.next();
        }
        found.finish();
    }

    private static long later(long first, long second) {
        return Long.compareUnsigned(first, second) > 0 ? first : second;
    }

    private String symbolName(Tree.Cursor at) throws IOException {
        String name = function(number(at.block(), Layout.SYMBOL_FUNCTION, at.index()));
        return name == null ? "" : name;
    }

    private @Nullable String outermost(Tree.Cursor row) throws IOException {
        int node = number(row.block(), Layout.ROW_NODE, row.index()) - 1;
        for (int depth = 0; node >= 0; depth++) {
            if (depth > Layout.DEPTH_MAX) {
                throw tooDeep(node);
            }
            Block block = nodes.numbered(node, Layout.BLOCK_BITS);
            int parent = parent(block, node);
            if (parent < 0) {
                return function(number(block, Layout.FUNCTION, node & (Layout.BLOCK - 1)));
            }
            node = parent;
        }
        return null;
    }

    private MalformedInputException tooDeep(int node) {
        return blocks.malformed(
                "node " + node + ": (expected: at most " + Layout.DEPTH_MAX + " deep)");
    }

    private int parent(Block block, int node) throws IOException {
        int distance = number(block, Layout.PARENT, node & (Layout.BLOCK - 1));
        if (distance > node) {
            throw blocks.malformed(
                    "node " + node + ": parent " + distance + " before (expected: a node)");
        }
        return distance == 0 ? -1 : node - distance;
    }

    private @Nullable String symbol(long address) throws IOException {
        Block block = symbols.find(address);
        int index = block == null ? -1 : block.range(address);
        return block == null || index < 0
                ? null
                : function(number(block, Layout.SYMBOL_FUNCTION, index));
    }

    private int number(Block block, int column, int index) throws IOException {
        long number = block.get(column, index);
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw blocks.malformed(
                    "number: " + Long.toUnsignedString(number) + " (expected: below 2^31)");
        }
        return (int) number;
    }

    private @Nullable String function(int number) throws IOException {
        return number == 0 ? null : text(functions, number - 1, 2L * number);
    }

    private @Nullable String file(int number) throws IOException {
        return number == 0 ? null : text(files, number - 1, 2L * number + 1);
    }

    private String text(Tree tree, int index, long key) throws IOException {
        String known = blocks.names().get(blocks.owner(), key);
        if (known != null) {
            return known;
        }
        byte[] bytes = tree.numbered(index, Layout.TEXTS_BITS).text(index & (Layout.TEXTS - 1));
        String text = LegibleText.of(new String(bytes, StandardCharsets.UTF_8));
        blocks.names().put(blocks.owner(), key, text, STRING_BYTES + 2L * text.length());
        return text;
    }

    /// Closes the file it was opened on.
    @Override
    public void close() {
        source.close();
    }
}
