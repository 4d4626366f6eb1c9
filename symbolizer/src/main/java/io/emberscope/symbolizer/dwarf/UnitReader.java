package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads units one after another: [#read] finds the functions, ranges and lines of one, in arrays
/// of numbers; [#tell] makes rows of them. Shares nothing that changes with other readers but what
/// [Shared] has, which only [#tell] uses: whoever has several readers lets one tell at a time.
final class UnitReader {
    private static final int UNIT_BYTES_MAX = 48 * 1024 * 1024;
    private static final int FIRST_BYTES = 16 * 1024;
    private static final int KEPT_BYTES = 8 * 1024 * 1024;
    private static final int DEPTH_MAX = 4096;
    private static final int FUNCTIONS_MAX = 1_000_000;
    private static final int KEPT_FUNCTIONS = 1 << 16;
    private static final int NOT_TOLD = -2;

    /// What all readers of one binary have together.
    ///
    /// @param codeStart lowest address of code
    /// @param codeBytes from there to the end of the highest
    /// @param splitFiles finds files of split units
    /// @param work counts what is read
    record Shared(
            AddressRanges addressRanges,
            UnitIndex units,
            @Nullable UnitIndex supplementUnits,
            NumberMap functionNames,
            long codeStart,
            long codeBytes,
            SplitFiles splitFiles,
            Work work) {}

    private final Shared shared;
    private final Sections sections;
    private final SplitUnits splitUnits;

    private final Cursor header = new Cursor();
    private final Cursor dies = new Cursor();
    private final Entry entry = new Entry();
    private final AbbreviationCache abbreviations;
    private final RangeLists rangeLists;
    private final LineTable lines = new LineTable();
    private final FunctionNames names;
    private final FilePaths paths;

    /// Which addresses are the unit's, and which are whose function's.
    private final LocalRanges own;

    private final LocalRanges functions;

    private int functionCount;
    private int[] positions = new int[256];
    private int[] parents = new int[256];
    private int[] origins = new int[256];
    private int[] callFiles = new int[256];
    private int[] callLines = new int[256];
    private int[] nodes = new int[256];
    private int[] around = new int[64];

    /// @param sections a view that is this reader's own
    /// @param supplement of the supplementary file, if there is one; also this reader's own
    /// @param splitPackage where split units are, if there is one; also this reader's own
    /// @param opener for files of split units; this reader's own
    UnitReader(
            Shared shared,
            Sections sections,
            @Nullable Sections supplement,
            @Nullable SplitPackage splitPackage,
            SectionOpener opener) {
        this.shared = shared;
        this.sections = sections;
        this.abbreviations = new AbbreviationCache(shared.work());
        this.rangeLists = new RangeLists(shared.work(), sections.ranges());
        this.own = new LocalRanges(shared.codeStart(), shared.codeBytes());
        this.functions = new LocalRanges(shared.codeStart(), shared.codeBytes());
        this.splitUnits = new SplitUnits(shared.splitFiles(), splitPackage, opener, shared.work());
        this.names = new FunctionNames(shared, sections, supplement, abbreviations);
        this.paths = new FilePaths(lines, sections, supplement);
    }

    /// Reads the unit that begins at a place.
    ///
    /// @return whether it has code
    /// @throws MalformedInputException if it contradicts itself
    /// @throws TooMuchException if it is beyond a limit
    boolean read(long offset) throws IOException {
        clear();
        UnitHeader head = UnitHeader.read(sections.info(), offset, header);
        if (head.type() == UnitHeader.TYPE || head.type() == UnitHeader.SPLIT_TYPE) {
            return false;
        }
        Abbreviations table = abbreviations.of(sections.abbrev(), head);
        int index = readFirst(sections, head, table);
        Unit found = Unit.of(head, sections, table, entry, null);
        own.clear();
        if (!shared.addressRanges().read(sections.aranges(), offset, shared.work(), own)) {
            rangeLists.read(found, entry, own);
        }
        if (own.count() == 0) {
            return false;
        }
        own.flatten();
        long lineAt = Form.isOffset(entry.lineForm) ? entry.line : -1;
        paths.begin(found, dies, entry);
        boolean hasChildren = (table.kindOf(index) & Abbreviations.CHILDREN) != 0;
        boolean skipsTypes = hasNoCodeInTypes(entry.language);
        Unit split = splitUnits.find(found, dies, entry, paths);
        if (split != null) {
            index = readFirst(split.sections(), split.header(), split.table());
            hasChildren = (split.table().kindOf(index) & Abbreviations.CHILDREN) != 0;
            skipsTypes = hasNoCodeInTypes(entry.language);
            found = split;
        }
        names.begin(found, dies);
        if (hasChildren) {
            loadAll(found);
            walk(found, skipsTypes);
        }
        functions.flatten();
        if (lineAt >= 0) {
            lines.read(sections.line(), lineAt, head.addressBytes(), shared.work());
        }
        return true;
    }

    private void clear() {
        functionCount = 0;
        functions.clear();
        lines.clear();
        dies.shrink(KEPT_BYTES);
        splitUnits.close();
        if (positions.length > KEPT_FUNCTIONS) {
            positions = new int[256];
            parents = new int[256];
            origins = new int[256];
            callFiles = new int[256];
            callLines = new int[256];
            nodes = new int[256];
        }
    }

    /// Reads the unit's first entry, which is about the unit.
    ///
    /// @return index of its abbreviation
    private int readFirst(Sections from, UnitHeader head, Abbreviations table) throws IOException {
        int length = (int) Math.min(FIRST_BYTES, head.length());
        while (true) {
            shared.work().take(length);
            dies.load(from.info(), head.offset(), length);
            dies.position = head.headerLength();
            try {
                long code = dies.uleb();
                dies.check();
                int index = table.indexOf(code);
                if (index < 0) {
                    throw unknownCode(from.info(), code);
                }
                entry.read(dies, head, table, index);
                return index;
            } catch (MalformedInputException e) {
                if (length == head.length()) {
                    throw e;
                }
            }
            length = allBytes(from.info(), head);
        }
    }

    private static MalformedInputException unknownCode(SectionView info, long code) {
        return new MalformedInputException(
                info.name()
                        + ": abbreviation "
                        + Long.toUnsignedString(code)
                        + " (expected: one of the unit's)");
    }

    private static int allBytes(SectionView info, UnitHeader head) throws TooMuchException {
        if (head.length() > UNIT_BYTES_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    info.name()
                            + ": unit of "
                            + head.length()
                            + " bytes (expected: at most "
                            + UNIT_BYTES_MAX
                            + ")");
        }
        return (int) head.length();
    }

    /// Makes sure that all of the unit is there; stays where it is.
    private void loadAll(Unit of) throws IOException {
        int length = allBytes(of.sections().info(), of.header());
        if (dies.end < length) {
            int position = dies.position;
            shared.work().take(length);
            dies.load(of.sections().info(), of.header().offset(), length);
            dies.position = position;
        }
    }

    /// Whether compilers of a language describe code only outside of types (`DW_LANG_` numbers).
    private static boolean hasNoCodeInTypes(long language) {
        return switch ((int) Math.min(language & Long.MAX_VALUE, 0xffff)) {
            // C, C++, C 99, C++ 03, C++ 11, C 11, C++ 14, C++ 17, C++ 20, C 17, assembly.
            case 0x01, 0x02, 0x04, 0x0c, 0x19, 0x1a, 0x1d, 0x21, 0x2a, 0x2b, 0x2c, 0x31, 0x8001 ->
                    true;
            default -> false;
        };
    }

    /// Walks over all entries behind the first, and notes the functions.
    private void walk(Unit of, boolean skipsTypes) throws IOException {
        Abbreviations table = of.table();
        Cursor in = dies;
        int end = in.end;
        int depth = 0;
        int current = CodeSink.NONE;
        while (in.position < end) {
            int start = in.position;
            long code = in.uleb();
            if (code == 0) {
                if (depth == 0) {
                    return;
                }
                current = around[--depth];
                continue;
            }
            int index = table.indexOf(code);
            if (index < 0) {
                throw unknownCode(of.sections().info(), code);
            }
            int kind = table.kindOf(index);
            boolean hasChildren = (kind & Abbreviations.CHILDREN) != 0;
            int inner = current;
            switch (kind & Abbreviations.KIND) {
                case Abbreviations.SUBPROGRAM -> {
                    readEntry(of, index);
                    inner = function(start, CodeSink.NONE);
                    rangeLists.read(of, entry, functions);
                }
                case Abbreviations.INLINED -> {
                    readEntry(of, index);
                    inner = function(start, current);
                    rangeLists.read(of, entry, functions);
                }
                case Abbreviations.ABSTRACT -> {
                    // Has no code, but functions within may have: those of local classes.
                    skip(kind, table, index);
                    if (hasChildren) {
                        inner = abstractFunction(start);
                    }
                }
                case Abbreviations.TYPE, Abbreviations.DECLARATION -> {
                    // Types within functions have functions with code of their own.
                    if (hasChildren && skipsTypes && current == CodeSink.NONE) {
                        readEntry(of, index);
                        int sibling = entry.siblingWithin(in.position, end);
                        if (sibling != 0) {
                            in.position = sibling;
                            continue;
                        }
                    } else {
                        skip(kind, table, index);
                    }
                }
                default -> skip(kind, table, index);
            }
            if (hasChildren) {
                if (depth == around.length) {
                    growAround(depth);
                }
                around[depth++] = current;
                current = inner;
            }
        }
        in.check();
    }

    private void readEntry(Unit of, int index) throws IOException {
        int excess = of.table().excessOf(index);
        if (excess > 0) {
            shared.work().take(excess);
        }
        entry.read(dies, of.header(), of.table(), index);
    }

    private void skip(int kind, Abbreviations table, int index) throws IOException {
        int length = kind >>> Abbreviations.LENGTH_SHIFT;
        if (length == Abbreviations.VARIABLE) {
            table.skip(index, dies);
        } else {
            dies.skip(length);
        }
    }

    private void growAround(int depth) throws TooMuchException {
        if (depth >= DEPTH_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    ".debug_info: depth of entries (expected: at most " + DEPTH_MAX + ")");
        }
        around = Arrays.copyOf(around, depth * 2);
    }

    /// Notes the function whose entry was just read.
    private int function(int position, int parent) throws TooMuchException {
        int function = abstractFunction(position);
        parents[function] = parent;
        origins[function] = names.onlyOrigin(entry);
        callFiles[function] = entry.callFile;
        callLines[function] = entry.callLine;
        functions.owner(function);
        return function;
    }

    /// Notes a function that has no code itself.
    private int abstractFunction(int position) throws TooMuchException {
        if (functionCount == positions.length) {
            growFunctions();
        }
        int function = functionCount++;
        positions[function] = position;
        parents[function] = CodeSink.NONE;
        origins[function] = 0;
        nodes[function] = NOT_TOLD;
        return function;
    }

    private void growFunctions() throws TooMuchException {
        if (functionCount >= FUNCTIONS_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    ".debug_info: functions of a unit (expected: at most " + FUNCTIONS_MAX + ")");
        }
        int room = Math.min(FUNCTIONS_MAX, functionCount * 4);
        positions = Arrays.copyOf(positions, room);
        parents = Arrays.copyOf(parents, room);
        origins = Arrays.copyOf(origins, room);
        callFiles = Arrays.copyOf(callFiles, room);
        callLines = Arrays.copyOf(callLines, room);
        nodes = Arrays.copyOf(nodes, room);
    }

    // The row that was begun; it has no node and no line if it is empty.
    private long rowStart;
    private long rowEnd;
    private int rowFunction;
    private int rowFile;
    private int rowLine;

    /// Tells the rows of the unit that was read, in the order of their addresses.
    void tell(CodeSink sink) throws IOException {
        rowEnd = 0;
        rowStart = 0;
        LineRows line = new LineRows(lines, shared.codeStart(), shared.codeBytes());
        int piece = 0;
        for (int i = 0; i < own.pieceCount(); i++) {
            long at = own.pieceStart(i);
            long end = own.pieceEnd(i);
            while (at < end) {
                while (piece < functions.pieceCount() && functions.pieceEnd(piece) <= at) {
                    piece++;
                }
                line.goTo(at);
                long to = Math.min(end, line.nextChange());
                int function = CodeSink.NONE;
                if (piece < functions.pieceCount()) {
                    if (functions.pieceStart(piece) <= at) {
                        function = functions.pieceOwner(piece);
                        to = Math.min(to, functions.pieceEnd(piece));
                    } else {
                        to = Math.min(to, functions.pieceStart(piece));
                    }
                }
                row(at, to, function, line.file(), line.line(), sink);
                at = to;
            }
        }
        finishRow(sink);
    }

    private void row(long start, long end, int function, int file, int line, CodeSink sink)
            throws IOException {
        if (start == rowEnd && function == rowFunction && file == rowFile && line == rowLine) {
            rowEnd = end;
            return;
        }
        finishRow(sink);
        rowStart = start;
        rowEnd = end;
        rowFunction = function;
        rowFile = file;
        rowLine = line;
    }

    private void finishRow(CodeSink sink) throws IOException {
        if (rowStart == rowEnd || (rowFunction == CodeSink.NONE && rowFile == LineRows.NO_FILE)) {
            return;
        }
        int node = rowFunction == CodeSink.NONE ? CodeSink.NONE : node(rowFunction, sink);
        int file = rowFile == LineRows.NO_FILE ? CodeSink.NONE : paths.text(rowFile, sink);
        if (node == CodeSink.NONE && file == CodeSink.NONE) {
            return; // a file without a name
        }
        sink.row(
                shared.codeStart() + rowStart,
                shared.codeStart() + rowEnd,
                node,
                file,
                // LLVM knows no line without a file.
                file == CodeSink.NONE ? 0 : rowLine);
    }

    /// The node of a function, which is told if it was not yet, after those it was inlined into.
    private int node(int function, CodeSink sink) throws IOException {
        int depth = 0;
        int at = function;
        while (at != CodeSink.NONE && nodes[at] == NOT_TOLD) {
            if (depth == around.length) {
                growAround(depth);
            }
            around[depth++] = at;
            at = parents[at];
        }
        int node = at == CodeSink.NONE ? CodeSink.NONE : nodes[at];
        while (depth > 0) {
            at = around[--depth];
            int name =
                    origins[at] != 0
                            ? names.of(origins[at], sink)
                            : names.ofEntryAt(positions[at], sink);
            boolean isInlined = parents[at] != CodeSink.NONE;
            int callFile = isInlined ? paths.textOfNumber(callFiles[at], sink) : CodeSink.NONE;
            node = sink.node(node, name, callFile, isInlined ? Math.max(0, callLines[at]) : 0);
            nodes[at] = node;
        }
        return node;
    }

    /// Closes what it opened.
    void close() {
        splitUnits.close();
    }
}
