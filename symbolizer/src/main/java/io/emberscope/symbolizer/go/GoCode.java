package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.elf.Segment;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import io.emberscope.symbolizer.symbols.CodeSink;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/// Tells what a Go program knows of its own code, also when stripped: functions, files, lines, and
/// the functions that were inlined, as Go's run time prints them. Of programs of Go before 1.18
/// only the functions are told.
///
/// Memory that it takes does not depend on the size of the program: a few megabytes, more only for
/// a function of a million instructions.
public final class GoCode {
    private static final long NO_DATA = 0xffff_ffffL;

    /// Inlined functions of one function; compilers stop long before.
    private static final int INLINED_MAX = 64 * 1024;

    /// Functions inlined into each other.
    private static final int DEPTH_MAX = 512;

    private static final int FUNCTION_DATA_INLINED = 3; // abi.FUNCDATA_InlTree
    private static final int VALUES_INLINED = 2; // abi.PCDATA_InlTreeIndex
    private static final int RECENT = 1024;

    /// What was told.
    ///
    /// @param functions that were told
    /// @param malformed functions that contradict themselves, of which less was told or nothing
    /// @param hasLines whether files and lines were told
    /// @param hasInlined whether inlined functions were told; not if the program does not say where
    ///   its data of functions are
    /// @param firstRefusal why the first was malformed; empty if none was
    public record Told(
            int functions,
            int malformed,
            boolean hasLines,
            boolean hasInlined,
            String firstRefusal) {}

    private final GoTable table;
    private final CodeSink sink;
    private final GoFunctions functions;
    private final SectionView units;
    private final SectionView files;
    private final SectionView names;
    private final PcValues fileNumbers;
    private final PcValues lines;
    private final PcValues inlined;
    private final Work work;
    private final Texts nameTexts;
    private final Texts fileTexts;
    private Optional<InlineTree> tree = Optional.empty();
    private int told;
    private int malformed;
    private String firstRefusal = "";

    // The function at hand.
    private long unit;
    private boolean isInlined;
    private int outermost;
    private int[] nodes = new int[64];
    private final int[] chain = new int[DEPTH_MAX];

    private GoCode(ElfFile file, GoTable table, CodeSink sink) throws IOException {
        this.table = table;
        this.sink = sink;
        SectionView section = table.view(file);
        functions = new GoFunctions(table, section);
        units = GoTable.part(section, table.unitsAt());
        files = GoTable.part(section, table.filesAt());
        names = GoTable.part(section, table.namesAt());
        SectionView values = GoTable.part(section, table.valuesAt());
        fileNumbers = new PcValues(values, table.quantum());
        lines = new PcValues(values, table.quantum());
        inlined = new PcValues(values, table.quantum());
        work = new Work(section.size());
        nameTexts = new Texts(names, sink);
        fileTexts = new Texts(files, sink);
        if (table.hasLines()) {
            Optional<GoModule> module =
                    GoModule.find(file, table).filter(found -> found.text() == table.text());
            if (module.isPresent()) {
                tree =
                        data(file, module.get().functionData())
                                .map(data -> new InlineTree(data, names, table.version()));
            }
        }
    }

    /// What is loaded from an address on.
    private static Optional<SectionView> data(ElfFile file, long address) {
        for (Segment segment : file.segments()) {
            long into = address - segment.address();
            if (segment.isLoaded() && Long.compareUnsigned(into, segment.fileSize()) < 0) {
                long size = segment.fileSize() - into;
                long offset = segment.offset() + into;
                boolean isThere = offset >= 0 && size <= file.source().size() - offset;
                return isThere
                        ? Optional.of(
                                SectionView.of(
                                        "go inline tree",
                                        file.source(),
                                        offset,
                                        size,
                                        file.order()))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /// Tells everything, as one unit.
    ///
    /// @return what was told; empty if the file is no Go program
    /// @throws MalformedInputException if the table as a whole makes no sense
    /// @throws IOException if it cannot be read, or the sink fails
    public static Optional<Told> tell(ElfFile file, CodeSink sink) throws IOException {
        Optional<GoTable> table = GoTable.of(file);
        if (table.isEmpty() || table.get().text() == ElfFile.NOWHERE) {
            return Optional.empty();
        }
        return Optional.of(new GoCode(file, table.get(), sink).tell());
    }

    /// Tells the names of functions, as symbols: what can be had in little memory.
    ///
    /// @param functionsMax functions there may be
    /// @return whether it is a Go program
    /// @throws TooManyFunctionsException if there are more functions
    /// @throws MalformedInputException if the table makes no sense; some may have been told
    /// @throws IOException if it cannot be read, or the names cannot be kept
    public static boolean tellNames(ElfFile file, int functionsMax, SymbolFileWriter to)
            throws IOException {
        Optional<GoTable> found = GoTable.of(file);
        if (found.isEmpty() || found.get().text() == ElfFile.NOWHERE) {
            return false;
        }
        GoTable table = found.get();
        if (table.count() > functionsMax) {
            throw new TooManyFunctionsException(table.count(), functionsMax);
        }
        SectionView section = table.view(file);
        SectionView names = GoTable.part(section, table.namesAt());
        GoFunctions functions = new GoFunctions(table, section);
        while (functions.hasNext()) {
            functions.next();
            names.findText(functions.name());
            to.symbol(
                    functions.start(),
                    functions.end(),
                    names.textBytes(),
                    names.textOffset(),
                    names.textLength());
        }
        return true;
    }

    private Told tell() throws IOException {
        while (functions.hasNext()) {
            try {
                functions.next();
                function(functions.start(), functions.end() - functions.start());
                told++;
            } catch (MalformedInputException e) {
                refuse(e);
            }
        }
        sink.endUnit();
        return new Told(told, malformed, table.hasLines(), tree.isPresent(), firstRefusal);
    }

    private void refuse(MalformedInputException e) {
        malformed++;
        if (firstRefusal.isEmpty()) {
            firstRefusal = Objects.requireNonNullElse(e.getMessage(), "");
        }
    }

    private void function(long start, long codeBytes) throws IOException {
        int name = nameTexts.number(functions.name());
        outermost = sink.node(CodeSink.NONE, name, CodeSink.NONE, 0);
        isInlined = false;
        boolean hasLines = false;
        if (table.hasLines() && !work.isDone()) {
            try {
                enter(codeBytes);
                hasLines = true;
            } catch (MalformedInputException e) {
                refuse(e);
            }
        }
        if (hasLines) {
            rows(start, codeBytes);
        } else {
            sink.row(start, start + codeBytes, outermost, CodeSink.NONE, 0);
        }
    }

    /// Reads what is told of the instructions of a function.
    private void enter(long codeBytes) throws IOException {
        // Place, name, arguments, deferred return, stack pointers.
        long at = 5L * Integer.BYTES;
        long filesAt = functions.number(at, Integer.BYTES);
        long linesAt = functions.number(at + 4, Integer.BYTES);
        long valuesCount = functions.number(at + 8, Integer.BYTES);
        unit = functions.number(at + 12, Integer.BYTES);
        at += table.version() == GoTable.Version.GO_1_18 ? 16 : 20; // the first line came later
        long dataCount = functions.number(at + 3, 1);
        at += Integer.BYTES;
        fileNumbers.read(filesAt, codeBytes, work);
        lines.read(linesAt, codeBytes, work);
        if (tree.isEmpty() || valuesCount <= VALUES_INLINED || dataCount <= FUNCTION_DATA_INLINED) {
            return;
        }
        long inlinedAt = functions.number(at + 4L * VALUES_INLINED, Integer.BYTES);
        long treeAt =
                functions.number(
                        at + Integer.BYTES * (valuesCount + FUNCTION_DATA_INLINED), Integer.BYTES);
        if (inlinedAt == 0 || treeAt == NO_DATA) {
            return;
        }
        inlined.read(inlinedAt, codeBytes, work);
        tree.get().enter(treeAt, codeBytes);
        Arrays.fill(nodes, CodeSink.NONE);
        isInlined = true;
    }

    private void rows(long start, long codeBytes) throws IOException {
        int file = 0;
        int line = 0;
        int call = 0;
        int at = 0;
        while (at < codeBytes) {
            long end = codeBytes;
            int fileNumber = PcValues.NONE;
            int lineNumber = PcValues.NONE;
            int inlinedNumber = PcValues.NONE;
            if (file < fileNumbers.size()) {
                fileNumber = fileNumbers.value(file);
                end = Math.min(end, fileNumbers.end(file));
            }
            if (line < lines.size()) {
                lineNumber = lines.value(line);
                end = Math.min(end, lines.end(line));
            }
            if (isInlined && call < inlined.size()) {
                inlinedNumber = inlined.value(call);
                end = Math.min(end, inlined.end(call));
            }
            boolean isKnown = fileNumber >= 0 && lineNumber >= 0;
            sink.row(
                    start + at,
                    start + end,
                    nodeOf(inlinedNumber),
                    isKnown ? fileText(fileNumber) : CodeSink.NONE,
                    isKnown ? lineNumber : 0);
            at = (int) end;
            file += file < fileNumbers.size() && fileNumbers.end(file) == at ? 1 : 0;
            line += line < lines.size() && lines.end(line) == at ? 1 : 0;
            call += isInlined && call < inlined.size() && inlined.end(call) == at ? 1 : 0;
        }
    }

    /// The node of an inlined function, made if it is not there.
    private int nodeOf(int number) throws IOException {
        if (number < 0 || !isInlined) {
            return outermost;
        }
        try {
            return made(number);
        } catch (MalformedInputException e) {
            refuse(e);
            isInlined = false; // what is wrong once is not believed again
            return outermost;
        }
    }

    private int made(int number) throws IOException {
        InlineTree calls = tree.orElseThrow();
        int depth = 0;
        int at = number;
        while (at >= 0 && known(at) == CodeSink.NONE) {
            if (depth == DEPTH_MAX) {
                throw new MalformedInputException(
                        "go inline tree: depth (expected: at most " + DEPTH_MAX + ")");
            }
            chain[depth++] = at;
            work.add(1);
            calls.read(at);
            at = inlined.at(calls.callAt());
        }
        int parent = at < 0 ? outermost : known(at);
        while (depth > 0) {
            at = chain[--depth];
            calls.read(at);
            int file = fileNumbers.at(calls.callAt());
            int line = lines.at(calls.callAt());
            boolean isKnown = file >= 0 && line >= 0;
            parent =
                    sink.node(
                            parent,
                            nameTexts.number(calls.name()),
                            isKnown ? fileText(file) : CodeSink.NONE,
                            isKnown ? line : 0);
            nodes[at] = parent;
        }
        return parent;
    }

    private int known(int number) throws MalformedInputException {
        if (number >= nodes.length) {
            if (number >= INLINED_MAX) {
                throw new MalformedInputException(
                        "go inline tree: "
                                + number
                                + " functions (expected: at most "
                                + INLINED_MAX
                                + ")");
            }
            int before = nodes.length;
            nodes = Arrays.copyOf(nodes, Math.max(number + 1, 2 * before));
            Arrays.fill(nodes, before, nodes.length, CodeSink.NONE);
        }
        return nodes[number];
    }

    /// The text of the path of a file, by its number in the unit.
    private int fileText(int number) throws IOException {
        long at = Integer.BYTES * (unit + number);
        if (!units.holds(at, Integer.BYTES)) {
            return CodeSink.NONE;
        }
        long path = units.unsigned(at, Integer.BYTES);
        return files.holds(path, 1) ? fileTexts.number(path) : CodeSink.NONE;
    }

    /// Numbers of texts, by where they are: of those asked for last.
    private static final class Texts {
        private final SectionView texts;
        private final CodeSink sink;
        private final long[] places = new long[RECENT];
        private final int[] numbers = new int[RECENT];

        Texts(SectionView texts, CodeSink sink) {
            this.texts = texts;
            this.sink = sink;
            Arrays.fill(places, CodeSink.NONE);
        }

        int number(long at) throws IOException {
            int slot = (int) ((at * 0x9e37_79b9L) >>> 16) & (RECENT - 1);
            if (places[slot] != at) {
                texts.findText(at);
                places[slot] = CodeSink.NONE;
                numbers[slot] =
                        texts.textLength() == 0
                                ? CodeSink.NONE
                                : sink.text(
                                        texts.textBytes(), texts.textOffset(), texts.textLength());
                places[slot] = at;
            }
            return numbers[slot];
        }
    }
}
