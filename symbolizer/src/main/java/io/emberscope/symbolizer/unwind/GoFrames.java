package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.go.GoTable;
import java.io.IOException;
import java.util.Optional;

/// What [GoTable] has for every function from Go 1.18 on: the distance of the stack pointer from
/// the return address at each instruction.
///
/// A frame that is large enough has the caller's rbp right under the return address. It is said to
/// be there from the moment that the stack pointer moves, which for the one or two instructions
/// until rbp is written is too early; only walks that go on by frame pointers notice.
final class GoFrames implements FrameSource {
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
        Optional<GoTable> found = GoTable.of(file);
        if (found.isEmpty() || found.get().version().compareTo(GoTable.Version.GO_1_18) < 0) {
            return Optional.empty();
        }
        GoTable table = found.get();
        if (table.quantum() != 1 || table.wordBytes() != Long.BYTES) {
            throw new MalformedInputException(
                    ".gopclntab: instructions of "
                            + table.quantum()
                            + ", pointers of "
                            + table.wordBytes()
                            + " bytes (expected: 1 and 8)");
        }
        if (table.text() == ElfFile.NOWHERE) {
            return Optional.empty();
        }
        Section section = table.section();
        return Optional.of(
                new GoFrames(
                        bytes(file, section, memory, table.functionsAt(), BUFFER_BYTES),
                        bytes(file, section, memory, table.functionsAt(), BUFFER_BYTES),
                        bytes(file, section, memory, table.valuesAt(), SHARED_BUFFER_BYTES),
                        bytes(file, section, memory, table.namesAt(), SHARED_BUFFER_BYTES),
                        table.count(),
                        table.text(),
                        table.version() == GoTable.Version.GO_1_20));
    }

    /// The section from a place on.
    private static FrameBytes bytes(
            ElfFile file, Section section, BuildMemory memory, long from, int bufferBytes)
            throws IOException {
        return new FrameBytes(
                file.source(),
                ".gopclntab",
                section.offset() + from,
                section.size() - from,
                0,
                memory,
                bufferBytes);
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
