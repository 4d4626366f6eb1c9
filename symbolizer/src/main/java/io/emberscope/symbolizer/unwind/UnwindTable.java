package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionBytes;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How to get from any instruction of an x86-64 binary to the frame of its caller, by offset in the
/// file: rows of 16 bits of offset and a [Rule], each holding up to the next, in blocks.
///
/// Made from `.eh_frame`, from `.gopclntab` for Go's own code, or from `.debug_frame` where those
/// describe next to nothing. Where none of them says anything, returns from signal handlers are
/// found in the code, and the code of functions that symbols tell of is followed. Of functions that
/// overlap, which no linker makes, the first is kept. Where nothing is known, a row says
/// [Rule#NONE].
///
/// @param blocks in the form in which the sampler's program and the disk have them, in the order of
///   their places
/// @param unexpressed how many rows the binary has that the table cannot express, by reason
public record UnwindTable(List<UnwindBlock> blocks, Map<Unexpressed, Long> unexpressed) {
    /// `e_machine` of x86-64.
    private static final int X86_64 = 62;

    /// With so few functions in it, `.eh_frame` is what the start files bring along.
    private static final int FUNCTIONS_OF_START_FILES = 8;

    private static final int EH_FRAME_HDR = 0x6474_e550;
    private static final int EH_FRAME_HDR_VERSION = 1;
    private static final int EH_FRAME_HDR_BYTES_MAX = 32;

    /// Reads a binary's table. One that has none, or is of another machine, has no blocks.
    ///
    /// @param memory counts what that takes; afterwards only the words of the blocks are needed,
    ///   see [BuildMemory#finish]
    /// @param wordsMax of a block; at least 8,192
    /// @throws TableTooLargeException if that is more than there is
    /// @throws MalformedInputException if the binary contradicts itself
    /// @throws IOException if it cannot be read
    public static UnwindTable read(ElfFile file, BuildMemory memory, int wordsMax)
            throws IOException {
        FunctionIndex functions = new FunctionIndex(file, memory);
        if (file.machine() == X86_64 && file.is64Bit()) {
            Optional<CallFrames> frames = frames(file, memory);
            if (frames.isPresent()) {
                functions.addAll(frames.get());
            }
            Optional<GoFrames> go = GoFrames.of(file, memory);
            if (go.isPresent()) {
                functions.addAll(go.get());
            }
            if (functions.size() < FUNCTIONS_OF_START_FILES) {
                Optional<Section> debug = file.section(".debug_frame");
                if (debug.isPresent()) {
                    String name = ".debug_frame";
                    SectionBytes bytes = SectionBytes.of(file, debug.get(), name, memory::take);
                    FrameBytes section =
                            new FrameBytes(
                                    bytes.source(), name, bytes.offset(), bytes.size(), 0, memory);
                    functions.addAll(new CallFrames(section, memory, true, false));
                }
            }
            functions.sort();
            functions.addAll(new SignalReturns(file));
            functions.sort();
            functions.addAll(new SymbolFrames(file, memory));
        }
        functions.sort();
        return new Builder(memory, wordsMax).table(functions);
    }

    /// `.eh_frame` by its name or, as nothing needs that at run time, by way of its index.
    private static Optional<CallFrames> frames(ElfFile file, BuildMemory memory)
            throws IOException {
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
                            section.address(),
                            memory);
            return Optional.of(new CallFrames(bytes, memory, false, false));
        }
        for (Segment segment : file.segments()) {
            if (segment.type() == EH_FRAME_HDR && segment.fileSize() > 0) {
                return framesOf(file, segment, memory);
            }
        }
        return Optional.empty();
    }

    private static Optional<CallFrames> framesOf(ElfFile file, Segment index, BuildMemory memory)
            throws IOException {
        FrameBytes header =
                new FrameBytes(
                        file.source(),
                        ".eh_frame_hdr",
                        index.offset(),
                        index.fileSize(),
                        index.address(),
                        memory);
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
                                address,
                                memory);
                return Optional.of(new CallFrames(bytes, memory, false, true));
            }
        }
        return Optional.empty();
    }

    /// Puts the rows of functions together, which come in the order of their places.
    private static final class Builder implements FrameSource.RowSink {
        private final Rules rules;
        private final BlockWriter writer;

        /// Up to here something is known.
        private long end;

        private int last = Rule.NONE;

        // The function at hand: its code's place in memory and in the file.
        private long bias;
        private long functionStart;
        private long functionEnd;

        Builder(BuildMemory memory, int wordsMax) throws IOException {
            rules = new Rules(memory);
            writer = new BlockWriter(rules, wordsMax, memory);
        }

        UnwindTable table(FunctionIndex functions) throws IOException {
            all(functions);
            if (rules.needsRbx()) {
                rules.keepRbx();
                writer.clear();
                end = 0;
                last = Rule.NONE;
                all(functions);
            }
            return new UnwindTable(writer.blocks(), rules.unexpressed());
        }

        private void all(FunctionIndex functions) throws IOException {
            for (int rank = 0; rank < functions.size(); rank++) {
                function(functions, rank);
            }
            if (last != Rule.NONE) {
                add(end, Rule.NONE);
            }
        }

        private void function(FunctionIndex functions, int rank) throws IOException {
            long start = functions.offset(rank);
            if (start < end) {
                return;
            }
            if (start > end && last != Rule.NONE) {
                add(end, Rule.NONE);
            }
            functionStart = start;
            functionEnd = start + functions.length(rank);
            bias = Long.MIN_VALUE;
            functions.source(rank).rows(functions.position(rank), rules, this);
            end = functionEnd;
        }

        @Override
        public void row(long address, int rule) throws IOException {
            if (bias == Long.MIN_VALUE) {
                bias = address - functionStart;
            }
            long offset = address - bias;
            if (offset < functionEnd && rule != last) {
                add(offset, rule);
            }
        }

        private void add(long offset, int rule) throws IOException {
            writer.row(offset, rule);
            last = rule;
        }
    }
}
