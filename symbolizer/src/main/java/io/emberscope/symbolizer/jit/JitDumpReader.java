package io.emberscope.symbolizer.jit;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.nio.ByteOrder;

/// Reads a jitdump file, `jit-PID.dump`, as it grows, in either byte order: functions that are made
/// or moved, with the time and often with lines. The format is described in Linux's
/// `tools/perf/Documentation/jitdump-specification.txt`. Code itself is not read.
///
/// Times are those of the file, mostly of `CLOCK_MONOTONIC`; a file that counts ticks of the
/// processor is read as if it said nothing of time.
public final class JitDumpReader {
    private static final int MAGIC = 0x4a695444; // "JiTD"
    private static final int HEADER_BYTES = 40;
    private static final int RECORD_BYTES = 16;
    private static final int FLAG_TICKS = 1;
    private static final int LOAD = 0;
    private static final int MOVE = 1;
    private static final int DEBUG_INFO = 2;
    private static final int NUMBERS_BYTES = 40; // ids of process and thread, four numbers

    /// Read by one call.
    private static final int RECORDS_AT_ONCE_MAX = 256 * 1024;

    private final JitCode code;
    private ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    private long position;
    private boolean hasTimes;
    private boolean isRefused;

    /// Where lines of a function that is told of next are; 0 if nowhere.
    private long linesAt;

    private long linesSize;

    /// @param code of the process
    public JitDumpReader(JitCode code) {
        this.code = code;
    }

    /// Reads on from where it stopped; a record that is not finished is read when it is. After a
    /// file was refused, nothing of it is read any more.
    ///
    /// @return whether there may be more to read at once
    /// @throws MalformedInputException if it makes no sense; what was told before remains
    /// @throws IOException if it cannot be read; then it goes on there the next time
    public boolean read(ByteSource file) throws IOException {
        if (isRefused) {
            return false;
        }
        try {
            return readOn(file);
        } catch (MalformedInputException e) {
            isRefused = true;
            throw e;
        }
    }

    private boolean readOn(ByteSource file) throws IOException {
        if (position == 0 && !hasHeader(file)) {
            return false;
        }
        SectionView view = SectionView.of("jitdump", file, 0, file.size(), order);
        for (int i = 0; i < RECORDS_AT_ONCE_MAX; i++) {
            if (!view.holds(position, RECORD_BYTES)) {
                return false;
            }
            long size = view.unsigned(position + 4, Integer.BYTES);
            if (size < RECORD_BYTES) {
                throw new MalformedInputException(
                        "jitdump: record of "
                                + size
                                + " bytes (expected: at least "
                                + RECORD_BYTES
                                + ")");
            }
            if (!view.holds(position, size)) {
                return false;
            }
            record(view, size);
            position += size;
        }
        return true;
    }

    private boolean hasHeader(ByteSource file) throws IOException {
        if (file.size() < HEADER_BYTES) {
            return false;
        }
        SectionView view = SectionView.of("jitdump", file, 0, HEADER_BYTES, order);
        int magic = (int) view.unsigned(0, Integer.BYTES);
        if (magic == Integer.reverseBytes(MAGIC)) {
            order = ByteOrder.BIG_ENDIAN;
            view = SectionView.of("jitdump", file, 0, HEADER_BYTES, order);
        } else if (magic != MAGIC) {
            throw new MalformedInputException(
                    "jitdump.magic: 0x"
                            + Integer.toHexString(magic)
                            + " (expected: 0x"
                            + Integer.toHexString(MAGIC)
                            + ")");
        }
        long version = view.unsigned(4, Integer.BYTES);
        long headerBytes = view.unsigned(8, Integer.BYTES);
        if (version != 1 || headerBytes < HEADER_BYTES) {
            throw new MalformedInputException(
                    "jitdump: version "
                            + version
                            + ", header of "
                            + headerBytes
                            + " bytes (expected: 1, at least "
                            + HEADER_BYTES
                            + ")");
        }
        hasTimes = (view.unsigned(32, Long.BYTES) & FLAG_TICKS) == 0;
        position = headerBytes;
        return true;
    }

    private void record(SectionView view, long size) throws IOException {
        int kind = (int) view.unsigned(position, Integer.BYTES);
        long time = hasTimes ? Math.max(0, view.unsigned(position + 8, Long.BYTES)) : 0;
        JitDumpRecord body = new JitDumpRecord(view, position + RECORD_BYTES, size - RECORD_BYTES);
        switch (kind) {
            case LOAD -> load(view, body, time);
            case MOVE -> move(body, time);
            case DEBUG_INFO -> {
                linesAt = position + RECORD_BYTES;
                linesSize = size - RECORD_BYTES;
            }
            // Unwind information; the end, which PHP's workers all say in one file; what may come.
            default -> {}
        }
    }

    private void load(SectionView view, JitDumpRecord body, long time) throws IOException {
        long start = body.u64(16);
        long size = body.u64(24);
        long number = body.u64(32);
        long toldAt = linesAt;
        linesAt = 0;
        if (!code.keeps(start, size)) {
            return;
        }
        String name = body.text(NUMBERS_BYTES);
        JitFunction.Lines lines = JitFunction.Lines.NONE;
        if (toldAt != 0) {
            var told = new JitDumpRecord(view, toldAt, linesSize);
            lines = told.u64(0) == start ? JitDumpLines.read(told, name) : lines;
        }
        code.add(new JitFunction(start, time, number, name, lines), size);
    }

    /// The place from which it moved belongs to nobody, but samples may be told of late: it is kept
    /// until another function is there.
    private void move(JitDumpRecord body, long time) throws IOException {
        long from = body.u64(16);
        long to = body.u64(24);
        long size = body.u64(32);
        long number = body.u64(40);
        JitFunction moved = code.startingAt(from);
        if (moved == null || moved.number != number) {
            code.forget(to, size);
        } else if (code.keeps(to, size)) {
            code.add(moved.movedTo(to, time), size);
        }
    }
}
