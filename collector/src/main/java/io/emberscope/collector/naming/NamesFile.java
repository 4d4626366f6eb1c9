package io.emberscope.collector.naming;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.bpf.RefusedFileException;
import io.emberscope.symbolizer.jit.JitCode;
import io.emberscope.symbolizer.jit.JitDumpReader;
import io.emberscope.symbolizer.jit.JitFrame;
import io.emberscope.symbolizer.jit.JitMemory;
import io.emberscope.symbolizer.jit.PerfMapReader;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// One file in which a process tells names of its generated code, read as it grows. It is kept open
/// from first sight: when it can be opened no more, as its process is gone or it was deleted, what
/// was written meanwhile can still be read. One that was written anew, as the JVM does at each
/// `Compiler.perfmap`, is read anew.
///
/// Of a file with more functions than there is room for, those that were on a stack are kept: it is
/// read anew when there are others.
final class NamesFile implements AutoCloseable {
    /// Bytes before the end that are compared to tell one that grew from one that was written anew.
    private static final int TAIL_BYTES = 256;

    private static final int PROBE_BYTES = 64 << 10;

    /// A file that cannot be opened any more is read no further.
    private static final long GROWTH_MAX = 256L << 20;

    /// Places on stacks whose functions are kept, where not all are.
    static final int WANTED_MAX = 8192;

    /// What such a file is.
    enum Format {
        PERF_MAP,
        JITDUMP
    }

    /// Opens the file.
    @FunctionalInterface
    interface Opener {
        /// The file, or null if there is none.
        JitFiles.@Nullable OpenFile open() throws IOException;
    }

    /// Reads on.
    @FunctionalInterface
    private interface Parser {
        boolean read(ByteSource file) throws IOException;
    }

    private final Format format;
    private final JitMemory memory;
    private final long bytesMax;
    private final JitCounters counters;
    private JitCode code;
    private Parser parser;
    private JitFiles.@Nullable OpenFile file;
    private long size;
    private byte[] tail = {};
    private long countedLeftOut;

    /// Addresses whose functions alone are kept; empty if all are.
    private long[] wanted = {};

    private boolean isMalformed;

    /// Whether some of what it holds is not read yet.
    private boolean isBehind;

    private String result = "";

    /// @param memory of all processes
    /// @param bytesMax of this file
    NamesFile(Format format, JitMemory memory, long bytesMax, JitCounters counters) {
        this.format = format;
        this.memory = memory;
        this.bytesMax = bytesMax;
        this.counters = counters;
        code = new JitCode(memory, bytesMax);
        parser = parser(code);
    }

    private Parser parser(JitCode of) {
        return switch (format) {
            case PERF_MAP -> new PerfMapReader(of)::read;
            case JITDUMP -> new JitDumpReader(of)::read;
        };
    }

    /// Whether there was one.
    boolean isOpen() {
        return file != null;
    }

    /// What is known of an instruction that ran at a time on the monotonic clock, or null.
    @Nullable JitFrame find(long address, long atNanos) {
        JitFrame found = code.find(address, atNanos);
        return found == null || found.function().isEmpty() ? null : found;
    }

    /// Memory its names take.
    long bytes() {
        return code.bytes();
    }

    /// Whether functions were left out for want of room that others have taken.
    boolean lacksRoom() {
        return countedLeftOut > 0 && code.bytes() < bytesMax / 4 * 3;
    }

    /// Forgets all names; they are read again from the beginning of the file.
    void forget() {
        beginAnew(new long[0]);
    }

    private void beginAnew(long[] addresses) {
        code.close();
        wanted = addresses;
        code =
                addresses.length == 0
                        ? new JitCode(memory, bytesMax)
                        : new JitCode(memory, bytesMax, addresses);
        parser = parser(code);
        countedLeftOut = 0;
        isMalformed = false;
    }

    /// Takes note of addresses on stacks, for when there is no room for all functions.
    ///
    /// @return whether the file has to be read, to know what is there
    boolean want(Supplier<long[]> addresses) {
        boolean isPartial = wanted.length > 0 || code.leftOut() > 0;
        if (!isPartial || isBehind || isMalformed || file == null) {
            return false;
        }
        long[] onStacks = addresses.get();
        long[] unknown =
                Arrays.stream(onStacks)
                        .filter(address -> wanted.length == 0 || !code.wants(address))
                        .filter(address -> code.find(address, Long.MAX_VALUE) == null)
                        .toArray();
        if (unknown.length == 0) {
            return false;
        }
        boolean isFirst = wanted.length == 0 || wanted.length + unknown.length > WANTED_MAX;
        LongStream all =
                isFirst
                        ? Arrays.stream(onStacks).limit(WANTED_MAX)
                        : LongStream.concat(Arrays.stream(wanted), Arrays.stream(unknown));
        beginAnew(all.toArray());
        return true;
    }

    /// Looks for what is new. What was opened once is read on whatever is at its path by now.
    ///
    /// @param mayGoOn whether there is time for another piece
    void refresh(Opener opener, BooleanSupplier mayGoOn) {
        String found = "";
        try {
            JitFiles.OpenFile now = opener.open();
            if (now != null) {
                follow(now);
                found = JitCounters.READ;
            }
        } catch (RefusedFileException e) {
            boolean isGone = e.reason() == RefusedFileException.Reason.PROCESS_GONE;
            found = isGone ? "" : JitCounters.result(e.reason());
        } catch (JitFiles.StaleFileException _) {
            found = JitCounters.STALE;
        } catch (IOException _) {
            found = JitCounters.UNREADABLE;
        }
        try {
            if (file != null && !isMalformed) {
                size = found.equals(JitCounters.READ) ? size : grown(file.source());
                read(file, mayGoOn);
            }
        } catch (MalformedInputException _) {
            isMalformed = true;
        } catch (IOException _) {
            found = JitCounters.UNREADABLE;
        }
        note(isMalformed ? JitCounters.MALFORMED : found);
    }

    private void follow(JitFiles.OpenFile now) throws IOException {
        JitFiles.OpenFile before = file;
        file = now;
        if (before != null) {
            before.source().close();
        }
        boolean isSame =
                before != null
                        && before.device() == now.device()
                        && before.inode() == now.inode()
                        && now.source().size() >= size
                        && Arrays.equals(tail, tailOf(now.source(), size));
        if (before != null && !isSame) {
            forget();
        }
        size = now.source().size();
    }

    private void read(JitFiles.OpenFile from, BooleanSupplier mayGoOn) throws IOException {
        try (View view = new View(from.source(), size)) {
            tail = tailOf(view, size);
            isBehind = true;
            while (isBehind && mayGoOn.getAsBoolean()) {
                isBehind = parser.read(view);
            }
        } finally {
            counters.functionsLeftOut(code.leftOut() - countedLeftOut);
            countedLeftOut = code.leftOut();
        }
    }

    /// Counts what became of it, once each time that this changes.
    private void note(String what) {
        if (!what.isEmpty() && !what.equals(result)) {
            result = what;
            counters.file(format, what);
        }
    }

    private static byte[] tailOf(ByteSource source, long end) throws IOException {
        byte[] bytes = new byte[(int) Math.min(TAIL_BYTES, end)];
        int filled = 0;
        while (filled < bytes.length) {
            int count =
                    source.read(end - bytes.length + filled, bytes, filled, bytes.length - filled);
            if (count <= 0) {
                return new byte[0];
            }
            filled += count;
        }
        return bytes;
    }

    /// The end of an open file, which may have grown since it was opened.
    private long grown(ByteSource source) throws IOException {
        byte[] bytes = new byte[PROBE_BYTES];
        long end = size;
        while (end < GROWTH_MAX) {
            int count = source.read(end, bytes, 0, bytes.length);
            if (count <= 0) {
                break;
            }
            end += count;
        }
        return end;
    }

    @Override
    public void close() {
        if (file != null) {
            file.source().close();
            file = null;
        }
        code.close();
    }

    /// The bytes of an open file up to where it ends now.
    private record View(ByteSource source, long size) implements ByteSource {
        @Override
        public int read(long position, byte[] target, int offset, int length) throws IOException {
            if (position >= size && length > 0) {
                return -1;
            }
            return source.read(
                    position, target, offset, (int) Math.min(length, Math.max(0, size - position)));
        }

        /// The file stays open.
        @Override
        public void close() {}
    }
}
