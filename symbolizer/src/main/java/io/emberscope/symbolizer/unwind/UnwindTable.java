package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionBytes;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How to get from any instruction of an x86-64 binary to the frame of its caller, by offset in the
/// file: rows of 16 bits of offset and a [Rule], each holding up to the next.
///
/// Made from `.eh_frame`, from `.gopclntab` for Go's own code, or from `.debug_frame` where those
/// describe next to nothing. Where none of them says anything, returns from signal handlers are
/// found in the code, and the code of functions that symbols tell of is followed. Of functions that
/// overlap, which no linker makes, the first is kept. Where nothing is known, a row says
/// [Rule#NONE].
public final class UnwindTable {
    /// Memory that a row takes.
    public static final int BYTES_PER_ROW = Integer.BYTES + Short.BYTES;

    /// `e_machine` of x86-64.
    private static final int X86_64 = 62;

    /// With so few functions in it, `.eh_frame` is what the start files bring along.
    private static final int FUNCTIONS_OF_START_FILES = 8;

    private static final int EH_FRAME_HDR = 0x6474_e550;
    private static final int EH_FRAME_HDR_VERSION = 1;
    private static final int EH_FRAME_HDR_BYTES_MAX = 32;

    private final int[] offsets;
    private final short[] rules;
    private final int[] longRules;
    private final Map<Unexpressed, Long> unexpressed;

    /// More than twice of what the largest known has, and 8 MB while they are read.
    private static final int FUNCTIONS_MAX = 400_000;

    UnwindTable(int[] offsets, short[] rules, int[] longRules, Map<Unexpressed, Long> unexpressed) {
        this.offsets = offsets;
        this.rules = rules;
        this.longRules = longRules;
        this.unexpressed = unexpressed;
    }

    /// Reads a binary's table. One that has none, or is of another machine, has no rows.
    ///
    /// @param rowsMax rows at most; functions are limited too
    /// @throws MalformedInputException if the binary contradicts itself
    /// @throws IOException if it cannot be read
    public static UnwindTable read(ElfFile file, int rowsMax)
            throws IOException, TooManyRowsException {
        FunctionIndex functions = new FunctionIndex(file, Math.min(rowsMax, FUNCTIONS_MAX));
        if (file.machine() == X86_64 && file.is64Bit()) {
            Optional<CallFrames> frames = frames(file);
            if (frames.isPresent()) {
                functions.addAll(frames.get());
            }
            Optional<GoFrames> go = GoFrames.of(file);
            if (go.isPresent()) {
                functions.addAll(go.get());
            }
            if (functions.size() < FUNCTIONS_OF_START_FILES) {
                Optional<Section> debug = file.section(".debug_frame");
                if (debug.isPresent()) {
                    SectionBytes bytes = SectionBytes.of(file, debug.get(), ".debug_frame");
                    FrameBytes section =
                            new FrameBytes(
                                    bytes.source(),
                                    ".debug_frame",
                                    bytes.offset(),
                                    bytes.size(),
                                    0);
                    functions.addAll(new CallFrames(section, true, false));
                }
            }
            functions.sort();
            functions.addAll(new SignalReturns(file));
            functions.sort();
            functions.addAll(new SymbolFrames(file));
        }
        functions.sort();
        Builder builder = new Builder(rowsMax, false);
        builder.all(functions);
        if (builder.rules.needsRbx()) {
            builder = new Builder(rowsMax, true);
            builder.all(functions);
        }
        return builder.table();
    }

    /// `.eh_frame` by its name or, as nothing needs that at run time, by way of its index.
    private static Optional<CallFrames> frames(ElfFile file) throws IOException {
        Optional<Section> named = file.section(".eh_frame");
        if (named.isPresent() && !named.get().isCompressed()) {
            Section section = named.get();
            if (!section.hasBytes()) {
                return Optional.empty(); // what is left when all but debug information is taken out
            }
            FrameBytes bytes =
                    new FrameBytes(
                            file.source(),
                            ".eh_frame",
                            section.offset(),
                            section.size(),
                            section.address());
            return Optional.of(new CallFrames(bytes, false, false));
        }
        for (Segment segment : file.segments()) {
            if (segment.type() == EH_FRAME_HDR && segment.fileSize() > 0) {
                return framesOf(file, segment);
            }
        }
        return Optional.empty();
    }

    private static Optional<CallFrames> framesOf(ElfFile file, Segment index) throws IOException {
        FrameBytes header =
                new FrameBytes(
                        file.source(),
                        ".eh_frame_hdr",
                        index.offset(),
                        index.fileSize(),
                        index.address());
        header.enter(0, Math.min(index.fileSize(), EH_FRAME_HDR_BYTES_MAX));
        int version = header.u8();
        if (version != EH_FRAME_HDR_VERSION) {
            throw new MalformedInputException(
                    ".eh_frame_hdr: version " + version + " (expected: 1)");
        }
        int encoding = header.u8();
        header.skip(2); // how its own table is written
        if (encoding == Pointers.OMITTED) {
            return Optional.empty();
        }
        long address = Pointers.read(header, encoding, index.address());
        for (Segment segment : file.segments()) {
            long into = address - segment.address();
            if (segment.isLoaded() && Long.compareUnsigned(into, segment.fileSize()) < 0) {
                FrameBytes bytes =
                        new FrameBytes(
                                file.source(),
                                ".eh_frame",
                                segment.offset() + into,
                                segment.fileSize() - into,
                                address);
                return Optional.of(new CallFrames(bytes, false, true));
            }
        }
        return Optional.empty();
    }

    /// How many rows there are.
    public int size() {
        return offsets.length;
    }

    /// The offset in the file from which on a row holds.
    public long offset(int row) {
        return offsets[row] & 0xffff_ffffL;
    }

    /// What it says.
    public int rule(int row) {
        return rules[row] & 0xffff;
    }

    /// The rule for the instruction at an offset in the file.
    public int ruleAt(long fileOffset) {
        int low = 0;
        int high = offsets.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (offset(middle) <= fileOffset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high < 0 ? Rule.NONE : rule(high);
    }

    /// The words of a long rule.
    public int[] longRule(int rule) {
        int at = (rule & ~Rule.LONG) * Rule.LONG_WORDS;
        return Arrays.copyOfRange(longRules, at, at + Rule.LONG_WORDS);
    }

    /// How many long rules there are.
    public int longRuleCount() {
        return longRules.length / Rule.LONG_WORDS;
    }

    /// A rule for people.
    public String text(int rule) {
        return Rule.toString(rule, (rule & Rule.LONG) == 0 ? longRules : longRule(rule));
    }

    /// Memory it takes.
    public long bytes() {
        return (long) offsets.length * BYTES_PER_ROW + (long) longRules.length * Integer.BYTES;
    }

    /// How many rules the binary has that the table cannot express, by reason.
    public Map<Unexpressed, Long> unexpressed() {
        return unexpressed;
    }

    /// The table in the form in which the sampler's program and the disk have it.
    ///
    /// @param wordsMax of a block; at least 8,192
    public List<UnwindBlock> blocks(int wordsMax) {
        return new BlockWriter(offsets, rules, longRules, wordsMax).blocks();
    }

    /// Puts the rows of functions together, which come in the order of their places.
    private static final class Builder implements FrameSource.RowSink {
        private final Rules rules;
        private final int rowsMax;
        private int[] offsets = new int[1024];
        private short[] rowRules = new short[1024];
        private int count;

        /// Up to here something is known.
        private long end;

        private int last = Rule.NONE;
        private boolean isTooLarge;

        // The function at hand: its code's place in memory and in the file.
        private long bias;
        private long functionEnd;

        Builder(int rowsMax, boolean keepsRbx) {
            this.rowsMax = rowsMax;
            rules = new Rules(keepsRbx);
        }

        void all(FunctionIndex functions) throws IOException, TooManyRowsException {
            for (int rank = 0; rank < functions.size(); rank++) {
                function(functions, rank);
            }
        }

        private void function(FunctionIndex functions, int rank)
                throws IOException, TooManyRowsException {
            long start = functions.offset(rank);
            if (start < end) {
                return;
            }
            if (start > end && last != Rule.NONE) {
                add(end, Rule.NONE);
            }
            functionEnd = start + functions.length(rank);
            bias = Long.MIN_VALUE;
            functionStart = start;
            functions.source(rank).rows(functions.position(rank), rules, this);
            end = functionEnd;
            if (isTooLarge) {
                throw new TooManyRowsException("rows", rowsMax);
            }
        }

        private long functionStart;

        @Override
        public void row(long address, int rule) {
            if (bias == Long.MIN_VALUE) {
                bias = address - functionStart;
            }
            long offset = address - bias;
            if (offset < functionEnd && rule != last) {
                add(offset, rule);
            }
        }

        private void add(long offset, int rule) {
            if (count == rowsMax) {
                isTooLarge = true;
                return;
            }
            if (count == offsets.length) {
                int larger = Math.min(rowsMax, count + (count >> 1));
                offsets = Arrays.copyOf(offsets, larger);
                rowRules = Arrays.copyOf(rowRules, larger);
            }
            offsets[count] = (int) offset;
            rowRules[count] = (short) rule;
            count++;
            last = rule;
        }

        UnwindTable table() throws TooManyRowsException {
            if (last != Rule.NONE) {
                add(end, Rule.NONE);
            }
            if (isTooLarge) {
                throw new TooManyRowsException("rows", rowsMax);
            }
            return new UnwindTable(
                    Arrays.copyOf(offsets, count),
                    Arrays.copyOf(rowRules, count),
                    rules.words(),
                    rules.unexpressed());
        }
    }
}
