package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.Optional;

/// The table that Go programs carry for their own stack traces, also when stripped: `.gopclntab`,
/// of Go 1.18 and later (`runtime/symtab.go` and `internal/abi/symtab.go` of Go's sources describe
/// it). For every function it has the distance of the stack pointer from the return address at each
/// instruction.
///
/// A frame that is large enough has the caller's rbp right under the return address. It is said to
/// be there from the moment that the stack pointer moves, which for the one or two instructions
/// until rbp is written is too early; only walks that go on by frame pointers notice.
final class GoFrames implements FrameSource {
    private static final int MAGIC_1_18 = 0xffff_fff0;
    private static final int MAGIC_1_20 = 0xffff_fff1;
    private static final int HEADER_BYTES = 8 + 8 * Long.BYTES;

    /// Least size of what is told of a function: up to its flags, without what came with Go 1.20.
    private static final int FUNCTION_BYTES = 40;

    private static final int START_LINE_BYTES = 4;
    private static final int INDEX_BYTES = 8;

    /// A table of stack pointers longer than this is none.
    private static final int POINTERS_BYTES_MAX = 64 * 1024;

    /// Bytes of it that are asked for at once: more than most have, and some numbers more.
    private static final int POINTERS_AHEAD = 128;

    /// What is in the order of functions is read in large pieces, what they share in small ones.
    private static final int BUFFER_BYTES = 64 * 1024;

    private static final int SHARED_BUFFER_BYTES = 1024;

    /// Code of a function at most.
    private static final long FUNCTION_CODE_BYTES_MAX = 1L << 30;

    private static final int FLAG_OUTERMOST = 1; // abi.FuncFlagTopFrame
    private static final int FLAG_ANY_POINTER = 2; // abi.FuncFlagSPWrite
    private static final int FLAG_ASSEMBLY = 4; // abi.FuncFlagAsm

    private static final byte[] SIGNAL_RETURN =
            "runtime.sigreturn".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    /// Functions looked at to find out where code begins.
    private static final int PROBES = 64;

    /// Go's code begins at a multiple of this.
    private static final int TEXT_ALIGNMENT = 16;

    /// Code of C before Go's at most.
    private static final long BEFORE_GO_MAX = 256 * 1024;

    private static final int PADDING = 0xcc; // int3, between functions

    private final FrameBytes index;
    private final FrameBytes pointers;
    private final Function function;
    private final int count;
    private final long text;

    private GoFrames(
            FrameBytes index,
            FrameBytes functions,
            FrameBytes pointers,
            FrameBytes names,
            int count,
            long text,
            boolean hasStartLine) {
        this.index = index;
        this.pointers = pointers;
        this.function = new Function(functions, names, hasStartLine);
        this.count = count;
        this.text = text;
    }

    /// A binary's table; empty if it is no Go program, or one of an older Go.
    static Optional<GoFrames> of(ElfFile file, BuildMemory memory) throws IOException {
        Optional<Section> section = file.section(".gopclntab");
        if (section.isEmpty()) {
            section = file.section(".data.rel.ro.gopclntab");
        }
        if (section.isEmpty() || !section.get().hasBytes() || section.get().isCompressed()) {
            return Optional.empty();
        }
        return read(file, section.get(), memory);
    }

    private static Optional<GoFrames> read(ElfFile file, Section section, BuildMemory memory)
            throws IOException {
        long size = section.size();
        FrameBytes header = bytes(file, section, memory, 0);
        header.enter(0, Math.min(size, HEADER_BYTES));
        int magic = header.i32();
        if (magic != MAGIC_1_18 && magic != MAGIC_1_20) {
            return Optional.empty();
        }
        header.skip(2);
        int quantum = header.u8();
        int pointerBytes = header.u8();
        if (quantum != 1 || pointerBytes != Long.BYTES) {
            throw new MalformedInputException(
                    ".gopclntab: instructions of "
                            + quantum
                            + ", pointers of "
                            + pointerBytes
                            + " bytes (expected: 1 and 8)");
        }
        long count = header.i64();
        header.i64(); // files
        long text = header.i64();
        long namesAt = header.i64();
        header.i64(); // compilation units
        header.i64(); // file names
        long pointersAt = header.i64();
        long functionsAt = header.i64();
        if (count < 0 || count > Math.min(size / INDEX_BYTES, Integer.MAX_VALUE - 1)) {
            throw new MalformedInputException(
                    ".gopclntab: " + count + " functions (expected: within " + size + " bytes)");
        }
        FrameBytes index = bytes(file, section, memory, functionsAt);
        long start = textStart(file, index, (int) count, text);
        if (start == ElfFile.NOWHERE) {
            return Optional.empty();
        }
        return Optional.of(
                new GoFrames(
                        index,
                        bytes(file, section, memory, functionsAt),
                        bytes(file, section, memory, pointersAt, SHARED_BUFFER_BYTES),
                        bytes(file, section, memory, namesAt, SHARED_BUFFER_BYTES),
                        (int) count,
                        start,
                        magic == MAGIC_1_20));
    }

    /// The section from a place on.
    private static FrameBytes bytes(ElfFile file, Section section, BuildMemory memory, long from)
            throws IOException {
        return bytes(file, section, memory, from, BUFFER_BYTES);
    }

    private static FrameBytes bytes(
            ElfFile file, Section section, BuildMemory memory, long from, int bufferBytes)
            throws IOException {
        if (from < 0 || from > section.size()) {
            throw new MalformedInputException(
                    ".gopclntab: part at "
                            + from
                            + " (expected: within "
                            + section.size()
                            + " bytes)");
        }
        return new FrameBytes(
                file.source(),
                ".gopclntab",
                section.offset() + from,
                section.size() - from,
                0,
                memory,
                bufferBytes);
    }

    /// Where the code begins that functions are counted from. The header says so, but not in every
    /// position-independent binary, and not from Go 1.26 on; then it is the first place in `.text`
    /// from which functions, which have padding before them, are there. In programs with C code
    /// that is behind what the C compiler starts with.
    private static long textStart(ElfFile file, FrameBytes index, int count, long told)
            throws IOException {
        long[] probes = probes(index, count);
        if (told != 0 && looksRight(file, probes, told)) {
            return told;
        }
        Optional<Section> text = file.section(".text");
        if (text.isPresent()) {
            index.enter((long) INDEX_BYTES * count, Integer.BYTES);
            long room = text.get().size() - (index.i32() & 0xffff_ffffL);
            for (long into = 0; into <= Math.min(room, BEFORE_GO_MAX); into += TEXT_ALIGNMENT) {
                if (looksRight(file, probes, text.get().address() + into)) {
                    return text.get().address() + into;
                }
            }
        }
        return ElfFile.NOWHERE;
    }

    /// Where some of the functions are, from the first on.
    private static long[] probes(FrameBytes index, int count) throws IOException {
        long[] probes = new long[Math.max(0, Math.min(PROBES, count - 1))];
        for (int i = 0; i < probes.length; i++) {
            index.enter(
                    INDEX_BYTES * ((long) (i + 1) * (count - 1) / probes.length), Integer.BYTES);
            probes[i] = index.i32() & 0xffff_ffffL;
        }
        return probes;
    }

    private static boolean looksRight(ElfFile file, long[] probes, long text) throws IOException {
        int wrong = 0;
        byte[] before = new byte[1];
        for (long probe : probes) {
            long offset = codeOffset(file, text + probe);
            if (offset <= 0
                    || file.source().read(offset - 1, before, 0, 1) != 1
                    || !isEndOfFunction(before[0] & 0xff)) {
                wrong++;
                if (wrong * 4 > probes.length) {
                    return false;
                }
            }
        }
        return probes.length > 0 || codeOffset(file, text) >= 0;
    }

    /// Padding, or the last byte of a function that needs none: mostly a return or a trap.
    private static boolean isEndOfFunction(int b) {
        return b == PADDING || b == 0xc3 || b == 0x0b || b == 0x90;
    }

    private static long codeOffset(ElfFile file, long address) {
        for (Segment segment : file.segments()) {
            if (segment.isCode()
                    && Long.compareUnsigned(address - segment.address(), segment.fileSize()) < 0) {
                return address - segment.address() + segment.offset();
            }
        }
        return ElfFile.NOWHERE;
    }

    /// Each function ends where the next begins; the last, where the index says.
    @Override
    public void index(FunctionIndex found) throws IOException {
        long begin = 0;
        long position = 0;
        for (int i = 0; i <= count; i++) {
            index.enter((long) INDEX_BYTES * i, Integer.BYTES * (i < count ? 2L : 1L));
            long next = index.i32() & 0xffff_ffffL;
            long nextPosition = i < count ? index.i32() & 0xffff_ffffL : 0;
            if (i < count) {
                function.enter(nextPosition);
                next -= function.isSignalReturn() ? SignalReturns.LEAD : 0;
            }
            if (i > 0) {
                found.add(text + begin, next - begin, position);
            }
            begin = next;
            position = nextPosition;
        }
    }

    @Override
    public void rows(long position, Rules rules, RowSink sink) throws IOException {
        function.enter(position);
        long start = text + function.start;
        if ((function.flags & FLAG_OUTERMOST) != 0) {
            sink.row(start, Rule.END);
        } else if (function.isSignalReturn()) {
            sink.row(start - SignalReturns.LEAD, rules.signalFrame());
        } else if ((function.flags & FLAG_ANY_POINTER) != 0 || function.pointers == 0) {
            sink.row(start, Rule.NONE);
        } else {
            pointerRows(start, function.pointers, rules, sink);
        }
    }

    /// What is told of one function, as far as it matters here: the one entered last.
    private static final class Function {
        private final FrameBytes functions;
        private final FrameBytes names;
        private final int startLineBytes;
        private long start;
        private long name;
        private long pointers;
        private int flags;

        Function(FrameBytes functions, FrameBytes names, boolean hasStartLine) {
            this.functions = functions;
            this.names = names;
            this.startLineBytes = hasStartLine ? START_LINE_BYTES : 0;
        }

        void enter(long position) throws IOException {
            functions.enter(position, FUNCTION_BYTES + startLineBytes);
            start = functions.i32() & 0xffff_ffffL;
            name = functions.i32() & 0xffff_ffffL;
            functions.skip(2 * Integer.BYTES); // arguments, deferred return
            pointers = functions.i32() & 0xffff_ffffL;
            functions.skip(4 * Integer.BYTES); // files, lines, data, compilation unit
            functions.skip(startLineBytes);
            functions.u8(); // which of the functions that the run time must know
            flags = functions.u8();
        }

        boolean isSignalReturn() throws IOException {
            if ((flags & FLAG_ASSEMBLY) == 0 || name > names.size() - SIGNAL_RETURN.length) {
                return false;
            }
            names.enter(name, SIGNAL_RETURN.length);
            for (byte wanted : SIGNAL_RETURN) {
                if ((byte) names.u8() != wanted) {
                    return false;
                }
            }
            return true;
        }
    }

    /// Pairs of a change of the value and how far the new one holds; both variable-length.
    private void pointerRows(long start, long table, Rules rules, RowSink sink) throws IOException {
        if (table > pointers.size()) {
            throw new MalformedInputException(
                    ".gopclntab: stack pointers at "
                            + table
                            + " (expected: within "
                            + pointers.size()
                            + " bytes)");
        }
        enterPointers(table);
        long at = start;
        long value = -1;
        while (true) {
            if (pointers.remaining() < POINTERS_AHEAD / 2) {
                if (pointers.position() - table > POINTERS_BYTES_MAX) {
                    throw new MalformedInputException(
                            ".gopclntab: stack pointers at "
                                    + table
                                    + " (expected: at most "
                                    + POINTERS_BYTES_MAX
                                    + " bytes)");
                }
                enterPointers(pointers.position());
            }
            long change = pointers.uleb();
            if (change == 0 && at != start) {
                return;
            }
            value += (change >>> 1) ^ -(change & 1);
            sink.row(at, rules.ofGo(value));
            long step = pointers.uleb();
            if (step <= 0 || step > FUNCTION_CODE_BYTES_MAX) {
                throw new MalformedInputException(
                        ".gopclntab: a row of "
                                + step
                                + " bytes of code (expected: 1.."
                                + FUNCTION_CODE_BYTES_MAX
                                + ")");
            }
            at += step;
        }
    }

    private void enterPointers(long position) throws IOException {
        pointers.enter(position, Math.min(pointers.size() - position, POINTERS_AHEAD));
    }
}
