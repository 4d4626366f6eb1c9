package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.symbolizer.elf.OwnAddresses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;

/// Makes a symbol file of what is known of a binary: of what debug information says, of symbols, or
/// of both. Meanwhile most of it is in files beside the one that is made, with names that begin as
/// its name does and end with `.tmp`; in memory is what [SymbolLimits] says.
///
/// Where code has a symbol, the function that is not inlined has the symbol's name, whatever debug
/// information calls it.
///
/// Not safe for use by several threads.
public final class SymbolFileWriter implements CodeSink, AutoCloseable {
    private final Disk disk;
    private final Path target;
    private final Path beside;
    private final byte[] buildId;
    private final Set<SymbolSource> sources = EnumSet.noneOf(SymbolSource.class);
    private OwnAddresses addresses = OwnAddresses.none();
    private final Texts texts;
    private final Nodes nodes;
    private final Ranges rows;
    private final Ranges symbols;
    private boolean isFinished;

    /// Begins. Nothing is written yet.
    ///
    /// @param target the file to be made; there may be an older one
    /// @param buildId of the binary, in hex; empty if it has none
    /// @param limits of what is told
    public SymbolFileWriter(Disk disk, Path target, String buildId, SymbolLimits limits) {
        this.disk = disk;
        this.target = target;
        this.beside = beside(".tmp");
        this.buildId = HexFormat.of().parseHex(buildId);
        if (this.buildId.length > Layout.BUILD_ID_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "build id: "
                            + this.buildId.length
                            + " bytes (expected: at most "
                            + Layout.BUILD_ID_BYTES_MAX
                            + ")");
        }
        texts = new Texts(limits, disk, beside(".texts.tmp"), beside(".sorted.tmp"));
        nodes = new Nodes(limits.nodesMax(), disk, beside(".nodes.tmp"));
        rows = new Ranges("rows", limits.rowsMax(), disk, beside(".rows.tmp"));
        symbols = new Ranges("symbols", limits.symbolsMax(), disk, beside(".symbols.tmp"));
    }

    private Path beside(String suffix) {
        return target.resolveSibling(target.getFileName() + suffix);
    }

    /// Notes where the binary's code is; not known if nobody tells.
    public void codeAt(OwnAddresses addresses) {
        this.addresses = addresses;
    }

    /// Notes what the file is made from.
    public void madeFrom(SymbolSource source) {
        sources.add(source);
    }

    @Override
    public int text(byte[] bytes, int offset, int length) throws IOException {
        return texts.number(bytes, offset, length);
    }

    @Override
    public int node(int parent, int function, int callFile, int callLine) throws IOException {
        checkText(function);
        checkText(callFile);
        checkLine(callLine);
        int node = nodes.add(parent, function, callFile, callLine);
        usedAsFunction(function);
        usedAsFile(callFile);
        return node;
    }

    @Override
    public void row(long start, long end, int node, int file, int line) throws IOException {
        checkText(file);
        checkLine(line);
        if (node != NONE) {
            Objects.checkIndex(node, nodes.size());
        }
        int path = texts.unlessEmpty(file);
        if (isAnything(start, end) && (node != NONE || path != NONE || line != 0)) {
            rows.add(start, end - 1, node, path, line);
            usedAsFile(path);
        }
    }

    @Override
    public void endUnit() {
        nodes.endUnit();
    }

    /// Tells a symbol: a function, by the name that the linker knows it by. Symbols come in any
    /// order, before or after anything else; of those that overlap the one that came first is
    /// right.
    ///
    /// @param start address of its first byte
    /// @param end address behind its last; 0 if that is at the end of all addresses
    /// @param name UTF-8, as far as anybody knows
    /// @throws SymbolsTooLargeException if there are too many
    public void symbol(long start, long end, byte[] name, int offset, int length)
            throws IOException {
        if (isAnything(start, end) && length > 0) {
            int text = texts.add(name, offset, length);
            texts.usedAsFunction(text);
            symbols.add(start, end - 1, NONE, text, 0);
        }
    }

    private static boolean isAnything(long start, long end) throws MalformedInputException {
        if (start == end) {
            return false;
        }
        if (Long.compareUnsigned(start, end - 1) > 0) {
            throw new MalformedInputException(
                    "range: ends at 0x"
                            + Long.toHexString(end)
                            + " (expected: after its start, 0x"
                            + Long.toHexString(start)
                            + ")");
        }
        return true;
    }

    private void checkText(int text) {
        if (text != NONE) {
            Objects.checkIndex(text, texts.size());
        }
    }

    private static void checkLine(int line) throws MalformedInputException {
        if (line < 0) {
            throw new MalformedInputException(
                    "line: " + Integer.toUnsignedString(line) + " (expected: below 2^31)");
        }
    }

    private void usedAsFunction(int text) {
        if (text != NONE) {
            texts.usedAsFunction(text);
        }
    }

    private void usedAsFile(int text) {
        if (text != NONE) {
            texts.usedAsFile(text);
        }
    }

    /// Writes the file: when this returns it is there, whole and durable. Nothing may be told
    /// afterwards.
    ///
    /// @throws SymbolsTooLargeException if very many ranges overlap
    /// @throws io.emberscope.base.disk.DiskFullException if there is no room
    public void finish() throws IOException {
        finish(true);
    }

    /// The same but for the power: after a cut the file may be there and damaged, as a reader
    /// notices. Right for one that can be made again, as it costs no write to the device.
    public void finishUnforced() throws IOException {
        finish(false);
    }

    private void finish(boolean isForced) throws IOException {
        if (isFinished) {
            throw new IllegalStateException("finish: called twice (expected: once)");
        }
        isFinished = true;
        disk.delete(beside);
        try (DiskFile file = disk.create(beside)) {
            write(new Output(file));
            if (isForced) {
                file.force();
            }
        }
        disk.rename(beside, target);
        Path directory = target.toAbsolutePath().getParent();
        if (directory != null && isForced) {
            disk.forceDirectory(directory);
        }
    }

    private void write(Output out) throws IOException {
        if (!rows.areMany()) {
            write(out, rows::forEach);
            return;
        }
        try (RangesAhead ahead = new RangesAhead(rows)) {
            write(out, ahead::forEach);
        }
    }

    /// Passes all rows, in the order of addresses.
    @FunctionalInterface
    private interface Rows {
        void forEach(RangeVisitor visitor) throws IOException;
    }

    private void write(Output out, Rows merged) throws IOException {
        out.bytes(
                new ByteWriter(Layout.HEAD_BYTES)
                        .i64(Layout.MAGIC)
                        .i32(Layout.VERSION)
                        .i32(0)
                        .toBytes());
        TextWriter functions = new TextWriter(out);
        TextWriter files = new TextWriter(out);
        texts.sort(functions, files);
        Root functionsRoot = functions.finish();
        Root filesRoot = files.finish();
        Root nodesRoot = nodes.write(texts, out);
        RangeWriter symbolRanges = new RangeWriter(Layout.Kind.SYMBOLS, false, out);
        symbols.forEach(
                (start, last, _, text, _) -> symbolRanges.add(start, last, texts.function(text)));
        Root symbolsRoot = symbolRanges.finish();
        RangeWriter rowRanges = new RangeWriter(Layout.Kind.ROWS, true, out);
        merged.forEach(
                (start, last, node, file, line) ->
                        rowRanges.add(start, last, node + 1L, texts.file(file), line));
        Root rowsRoot = rowRanges.finish();
        Foot foot =
                new Foot(
                        sources,
                        buildId,
                        addresses,
                        symbolsRoot,
                        rowsRoot,
                        nodesRoot,
                        functionsRoot,
                        filesRoot);
        out.bytes(foot.bytes(out.position()));
        out.flush();
    }

    /// Removes the files beside.
    @Override
    public void close() throws IOException {
        try (texts;
                nodes;
                rows;
                symbols) {
            disk.delete(beside);
        }
    }
}
