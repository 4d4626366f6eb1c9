package io.emberscope.collector.naming;

import io.emberscope.collector.process.Binary;
import io.emberscope.symbolizer.jit.JitFrame;
import io.emberscope.symbolizer.jit.JitMemory;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What one process tells of its generated code: in a jitdump file, which knows times and lines,
/// and in a perf map file.
final class JitProcess implements AutoCloseable {
    private final Binary generated;
    private final NamesFile jitDump;
    private final NamesFile perfMap;
    private final long seenNanos;
    private JitFiles.@Nullable OfProcess files;
    private long refreshedNanos;
    private long usedNanos;

    JitProcess(
            Binary generated,
            JitMemory memory,
            long bytesMax,
            JitCounters counters,
            long nowNanos) {
        this.generated = generated;
        jitDump = new NamesFile(NamesFile.Format.JITDUMP, memory, bytesMax, counters);
        perfMap = new NamesFile(NamesFile.Format.PERF_MAP, memory, bytesMax, counters);
        seenNanos = nowNanos;
        usedNanos = nowNanos;
        refreshedNanos = Long.MIN_VALUE;
    }

    Binary generated() {
        return generated;
    }

    /// Whether it tells names, or has told some.
    boolean hasFiles() {
        return jitDump.isOpen() || perfMap.isOpen();
    }

    long seenNanos() {
        return seenNanos;
    }

    long refreshedNanos() {
        return refreshedNanos;
    }

    long usedNanos() {
        return usedNanos;
    }

    void used(long nowNanos) {
        usedNanos = nowNanos;
    }

    /// Looks for files, and for what is new in them.
    ///
    /// @param mayGoOn whether there is time for another piece
    void refresh(JitFiles all, BooleanSupplier mayGoOn, long nowNanos) {
        refreshedNanos = nowNanos;
        if (files == null) {
            try {
                files = all.of(generated);
            } catch (IOException _) {
                return;
            }
        }
        jitDump.refresh(files::jitDump, mayGoOn);
        perfMap.refresh(files::perfMap, mayGoOn);
    }

    /// Forgets all names; the next time everything is read from the beginning.
    void forget() {
        jitDump.forget();
        perfMap.forget();
    }

    /// Takes note of addresses on stacks, for when there is no room for all names.
    ///
    /// @return whether files have to be read, to know what is there
    boolean want(Supplier<long[]> addresses) {
        boolean isDumpToBeRead = jitDump.want(addresses);
        boolean isMapToBeRead = perfMap.want(addresses);
        return isDumpToBeRead || isMapToBeRead;
    }

    /// Memory its names take.
    long bytes() {
        return jitDump.bytes() + perfMap.bytes();
    }

    /// Whether functions were left out for want of room that others have taken.
    boolean lacksRoom() {
        return jitDump.lacksRoom() || perfMap.lacksRoom();
    }

    /// What is known of an instruction that ran at a time on the monotonic clock, or null.
    @Nullable JitFrame find(long address, long atNanos) {
        JitFrame found = jitDump.find(address, atNanos);
        return found != null ? found : perfMap.find(address, atNanos);
    }

    @Override
    public void close() {
        jitDump.close();
        perfMap.close();
    }
}
