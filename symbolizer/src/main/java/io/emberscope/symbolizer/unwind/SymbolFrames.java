package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionSymbols;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.Arrays;

/// Functions that only symbols tell of, such as musl's and those of assembly code: their code is
/// followed, see [StackDepths]. What a process begins with is its outermost frame.
final class SymbolFrames implements FrameSource {
    /// The code that is read of functions at most; that of a process's beginning.
    private static final long CODE_BYTES_MAX = 16L << 20;

    private static final int ENTRY_BYTES_MAX = 512;

    /// What is shorter may be between functions that begin at multiples of it.
    private static final int PADDING_BYTES = 64;

    private static final int WORTH_ONE_IN = 1024;

    /// Before a function may be code that nobody tells of, which ends with a call that does not
    /// return, or what linkers fill up with.
    private static final int LEAD_BYTES_MAX = 16;

    /// In the names of code that was moved out of a function, which is entered by jumps.
    private static final String[] FRAGMENTS = {".cold", ".part"};

    // How a function is taken, in the order in which one counts if there are several of a place.
    private static final int FOLLOWED = 0;
    private static final int FRAGMENT = 1;
    private static final int ENTERED = 2; // by a new process
    private static final int TOO_MUCH = 3;

    // A function in a long: its offset in the file (32 bits), how it is taken (2), and for a symbol
    // its size (29, 0 if it is not told), for [FunctionIndex] the bytes before its start that are
    // its too (5) and its length (24, which is enough for code that is read).
    private static final int START_SHIFT = 31;
    private static final int HOW_SHIFT = 29;
    private static final int LEAD_SHIFT = 24;
    private static final int SIZE_MAX = (1 << HOW_SHIFT) - 1;
    private static final int LENGTH_MAX = (1 << LEAD_SHIFT) - 1;

    private static final int SYMBOLS_MIN = 64;

    private final ElfFile file;
    private final BuildMemory memory;
    private final ByteSource bytes;
    private final StackDepths depths = new StackDepths();
    private final Instruction instruction = new Instruction();
    private long[] symbols = {};
    private int count;
    private byte[] code = {};

    SymbolFrames(ElfFile file, BuildMemory memory) {
        this.file = file;
        this.memory = memory;
        this.bytes = file.source();
    }

    private static long function(long start, int how, int rest) {
        return start << START_SHIFT | (long) how << HOW_SHIFT | rest;
    }

    private static long start(long function) {
        return function >>> START_SHIFT;
    }

    private static int how(long function) {
        return (int) (function >>> HOW_SHIFT) & 3;
    }

    private static int lead(long function) {
        return (int) (function & SIZE_MAX) >>> LEAD_SHIFT;
    }

    private static int length(long function) {
        return (int) function & LENGTH_MAX;
    }

    /// Tells of functions in code that is in none yet.
    @Override
    public void index(FunctionIndex functions) throws IOException {
        long[] gaps = functions.gaps();
        readSymbols(gaps);
        long bytesLeft = CODE_BYTES_MAX;
        long end = 0;
        int next = 0;
        while (next < count) {
            long symbol = symbols[next++];
            long start = start(symbol);
            int how = how(symbol);
            long size = symbol & SIZE_MAX;
            // Of those of one place the one that counts is the last.
            while (next < count && start(symbols[next]) == start) {
                how = how(symbols[next]);
                size = Math.max(size, symbols[next++] & SIZE_MAX);
            }
            int gap = gapOf(gaps, start);
            long limit = gaps[gap + 1];
            if (size > 0) {
                limit = Math.min(limit, start + size);
            } else if (next < count) {
                limit = Math.min(limit, start(symbols[next]));
            }
            if (start >= end) {
                int lead = (int) Math.min(LEAD_BYTES_MAX, start - Math.max(end, gaps[gap]));
                long length = limit - start;
                how = how == FOLLOWED && isTooMuch(length, bytesLeft) ? TOO_MUCH : how;
                bytesLeft -= how == FOLLOWED ? length : 0;
                int kept = lead << LEAD_SHIFT | (int) Math.min(length, LENGTH_MAX);
                functions.add(
                        file.addresses().of(start) - lead,
                        lead + length,
                        function(start, how, kept));
                end = limit;
            }
        }
        functions.giveBack(gaps);
        symbols = memory.resized(symbols, 0);
    }

    static boolean isTooMuch(long codeBytes, long bytesLeft) {
        return codeBytes > Math.min(bytesLeft, StackDepths.BYTES_MAX);
    }

    /// Reads the symbols in gaps, and sorts them by their places.
    private void readSymbols(long[] gaps) throws IOException {
        try {
            if (isWorthReading(gaps)) {
                FunctionSymbols all = FunctionSymbols.of(file);
                all.forEach((address, size, name) -> add(gaps, address, size, all, name));
            }
        } catch (MalformedInputException _) {
            // What other sources say holds without symbols, or with those up to here.
        }
        long entry = file.fileOffsetOf(file.entry());
        if (gapOf(gaps, entry) >= 0) {
            add(function(entry, ENTERED, 0));
        }
        memory.sort(symbols, count);
    }

    /// Whether gaps longer than padding are a part of the code that is worth the time for all
    /// symbols. Nearly all have some, of the start files.
    private boolean isWorthReading(long[] gaps) {
        long inGaps = 0;
        for (int i = 0; i < gaps.length; i += 2) {
            long length = gaps[i + 1] - gaps[i];
            inGaps += length >= PADDING_BYTES ? length : 0;
        }
        long code = 0;
        for (Segment segment : file.segments()) {
            code += segment.isCode() ? segment.fileSize() : 0;
        }
        return inGaps > code / WORTH_ONE_IN;
    }

    private void add(long[] gaps, long address, long size, FunctionSymbols all, int name)
            throws IOException {
        long start = file.fileOffsetOf(address);
        if (gapOf(gaps, start) >= 0) {
            boolean isFragment = Arrays.stream(FRAGMENTS).anyMatch(all.name(name)::contains);
            int how = isFragment ? FRAGMENT : FOLLOWED;
            add(function(start, how, Math.clamp(size, 0, SIZE_MAX)));
        }
    }

    private void add(long symbol) throws IOException {
        if (count == symbols.length) {
            symbols = memory.resized(symbols, Math.max(SYMBOLS_MIN, count + (count >> 1)));
        }
        symbols[count++] = symbol;
    }

    /// Where in `gaps` the one is that holds an offset; -1 if none does.
    private static int gapOf(long[] gaps, long offset) {
        int at = Arrays.binarySearch(gaps, offset);
        int begin = at >= 0 ? at : -at - 2;
        return begin >= 0 && begin % 2 == 0 ? begin : -1;
    }

    @Override
    public void rows(long function, Rules rules, RowSink sink) throws IOException {
        long start = start(function);
        if (lead(function) > 0) {
            sink.row(start - lead(function), rules.byPointer());
        }
        switch (how(function)) {
            case FOLLOWED -> followed(start, length(function), rules, sink);
            case ENTERED -> entered(start, length(function), rules, sink);
            case FRAGMENT -> sink.row(start, rules.byPointer(Unexpressed.UNCLEAR_CODE));
            default -> sink.row(start, rules.byPointer(Unexpressed.TOO_MUCH_CODE));
        }
    }

    /// An outermost frame, known up to its first call, if it says so by setting rbp to zero, as the
    /// ABI suggests. Shared libraries may have anything where others begin.
    private void entered(long start, int size, Rules rules, RowSink sink) throws IOException {
        int length = Math.min(size, ENTRY_BYTES_MAX);
        read(start, length);
        boolean isOutermost = false;
        int at = 0;
        StackDepths.Flow flow = StackDepths.Flow.NEXT;
        while (flow == StackDepths.Flow.NEXT && instruction.read(code, at, length)) {
            flow = StackDepths.Flow.of(instruction);
            isOutermost |= instruction.isZeroing(Instruction.RBP);
            at += instruction.length;
        }
        if (isOutermost) {
            sink.row(start, Rule.END);
        }
        sink.row(start + (isOutermost ? at : 0), rules.byPointer());
    }

    private void followed(long start, int length, Rules rules, RowSink sink) throws IOException {
        read(start, length);
        if (!depths.read(code, length)) {
            sink.row(start, rules.byPointer(Unexpressed.UNCLEAR_CODE));
            return;
        }
        int end = 0; // of the instruction before
        for (int at = 0; at < length; at++) {
            long state = depths.state(at);
            if (state != 0) {
                sink.row(start + at, rules.ofDepths(state));
                instruction.read(code, at, length);
                end = at + instruction.length;
            } else if (at == end) {
                sink.row(start + at, rules.byPointer());
            }
        }
    }

    private void read(long offset, int length) throws IOException {
        if (code.length < length) {
            int larger = Math.max(length, Math.min(2 * code.length, StackDepths.BYTES_MAX));
            memory.take((long) (larger - code.length) * StackDepths.BYTES_PER_BYTE);
            code = new byte[larger];
        }
        bytes.fill(offset, code, length, "code");
    }
}
