package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionSymbols;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Functions that only symbols tell of, such as musl's and those of assembly code: their code is
/// followed, see [StackDepths]. What a process begins with is its outermost frame.
final class SymbolFrames implements FrameSource {
    /// Symbols looked at; the code that is read of their functions; that of a process's beginning.
    private static final int SYMBOLS_MAX = 256 * 1024;

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

    private final ElfFile file;
    private final CodeBytes bytes;
    private final StackDepths depths = new StackDepths();
    private final Instruction instruction = new Instruction();
    private final List<Found> found = new ArrayList<>();
    private byte[] code = {};

    /// @param start offset in the file
    /// @param size 0 if it is not told
    private record Symbol(long start, long size, How how) {}

    /// @param lead bytes before its start that are its too
    private record Found(long start, int length, int lead, How how) {}

    // In the order in which one counts if there are several of a place.
    private enum How {
        FOLLOWED,
        FRAGMENT,
        /// By a new process.
        ENTERED,
        TOO_MUCH
    }

    SymbolFrames(ElfFile file) {
        this.file = file;
        this.bytes = new CodeBytes(file.source());
    }

    /// Tells of functions in code that is in none yet.
    @Override
    public void index(FunctionIndex functions) throws IOException, TooManyRowsException {
        long[] gaps = functions.gaps();
        List<Symbol> symbols = symbols(gaps);
        long bytesLeft = CODE_BYTES_MAX;
        long end = 0;
        int next = 0;
        while (next < symbols.size()) {
            Symbol symbol = symbols.get(next++);
            // Of those of one place the one that counts is the last.
            while (next < symbols.size() && symbols.get(next).start == symbol.start) {
                Symbol other = symbols.get(next++);
                symbol = new Symbol(other.start, Math.max(symbol.size, other.size), other.how);
            }
            long start = symbol.start;
            int gap = gapOf(gaps, start);
            long limit = gaps[gap + 1];
            if (symbol.size > 0) {
                limit = Math.min(limit, start + symbol.size);
            } else if (next < symbols.size()) {
                limit = Math.min(limit, symbols.get(next).start);
            }
            if (start >= end) {
                int lead = (int) Math.min(LEAD_BYTES_MAX, start - Math.max(end, gaps[gap]));
                boolean isTooMuch = isTooMuch(limit - start, bytesLeft);
                How how = symbol.how == How.FOLLOWED && isTooMuch ? How.TOO_MUCH : symbol.how;
                bytesLeft -= how == How.FOLLOWED ? limit - start : 0;
                add(functions, new Found(start, (int) (limit - start), lead, how));
                end = limit;
            }
        }
    }

    static boolean isTooMuch(long codeBytes, long bytesLeft) {
        return codeBytes > Math.min(bytesLeft, StackDepths.BYTES_MAX);
    }

    private void add(FunctionIndex functions, Found function) throws TooManyRowsException {
        long address = file.addressOf(function.start) - function.lead;
        functions.add(address, function.lead + function.length, found.size());
        found.add(function);
    }

    /// The symbols in gaps, in the order of their places.
    private List<Symbol> symbols(long[] gaps) throws IOException {
        List<Symbol> symbols = new ArrayList<>();
        try {
            if (isWorthReading(gaps)) {
                FunctionSymbols all = FunctionSymbols.of(file);
                all.forEach((address, size, name) -> add(symbols, gaps, address, size, all, name));
            }
        } catch (MalformedInputException _) {
            // What other sources say holds without symbols, or with those up to here.
        }
        long entry = file.fileOffsetOf(file.entry());
        if (gapOf(gaps, entry) >= 0) {
            symbols.add(new Symbol(entry, 0, How.ENTERED));
        }
        symbols.sort(Comparator.comparingLong(Symbol::start).thenComparing(Symbol::how));
        return symbols;
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

    private void add(
            List<Symbol> symbols,
            long[] gaps,
            long address,
            long size,
            FunctionSymbols all,
            int name)
            throws IOException {
        long start = file.fileOffsetOf(address);
        if (gapOf(gaps, start) >= 0 && symbols.size() < SYMBOLS_MAX) {
            boolean isLast = symbols.size() == SYMBOLS_MAX - 1;
            How how = isLast ? How.TOO_MUCH : how(all.name(name));
            symbols.add(new Symbol(start, Math.clamp(size, 0, Integer.MAX_VALUE), how));
        }
    }

    private static How how(String name) {
        return Arrays.stream(FRAGMENTS).anyMatch(name::contains) ? How.FRAGMENT : How.FOLLOWED;
    }

    /// Where in `gaps` the one is that holds an offset; -1 if none does.
    private static int gapOf(long[] gaps, long offset) {
        int at = Arrays.binarySearch(gaps, offset);
        int begin = at >= 0 ? at : -at - 2;
        return begin >= 0 && begin % 2 == 0 ? begin : -1;
    }

    @Override
    public void rows(long position, Rules rules, RowSink sink) throws IOException {
        Found function = found.get((int) position);
        if (function.lead > 0) {
            sink.row(function.start - function.lead, rules.byPointer());
        }
        switch (function.how) {
            case FOLLOWED -> followed(function, rules, sink);
            case FRAGMENT -> sink.row(function.start, rules.byPointer(Unexpressed.UNCLEAR_CODE));
            case TOO_MUCH -> sink.row(function.start, rules.byPointer(Unexpressed.TOO_MUCH_CODE));
            case ENTERED -> entered(function, rules, sink);
        }
    }

    /// An outermost frame, known up to its first call, if it says so by setting rbp to zero, as the
    /// ABI suggests. Shared libraries may have anything where others begin.
    private void entered(Found function, Rules rules, RowSink sink) throws IOException {
        int length = Math.min(function.length, ENTRY_BYTES_MAX);
        read(function.start, length);
        boolean isOutermost = false;
        int at = 0;
        StackDepths.Flow flow = StackDepths.Flow.NEXT;
        while (flow == StackDepths.Flow.NEXT && instruction.read(code, at, length)) {
            flow = StackDepths.Flow.of(instruction);
            isOutermost |= instruction.isZeroing(Instruction.RBP);
            at += instruction.length;
        }
        if (isOutermost) {
            sink.row(function.start, Rule.END);
        }
        sink.row(function.start + (isOutermost ? at : 0), rules.byPointer());
    }

    private void followed(Found function, Rules rules, RowSink sink) throws IOException {
        read(function.start, function.length);
        if (!depths.read(code, function.length)) {
            sink.row(function.start, rules.byPointer(Unexpressed.UNCLEAR_CODE));
            return;
        }
        int end = 0; // of the instruction before
        for (int at = 0; at < function.length; at++) {
            long state = depths.state(at);
            if (state != 0) {
                sink.row(function.start + at, rules.ofDepths(state));
                instruction.read(code, at, function.length);
                end = at + instruction.length;
            } else if (at == end) {
                sink.row(function.start + at, rules.byPointer());
            }
        }
    }

    private void read(long offset, int length) throws IOException {
        if (code.length < length) {
            code = new byte[Math.max(length, 2 * code.length)];
        }
        bytes.read(offset, code, length);
    }
}
