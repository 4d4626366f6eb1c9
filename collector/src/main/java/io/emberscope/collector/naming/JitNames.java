package io.emberscope.collector.naming;

import io.emberscope.collector.process.Binary;
import io.emberscope.symbolizer.jit.JitFrame;
import io.emberscope.symbolizer.jit.JitMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Names of the code that processes made at run time, as those tell them. Lives on one thread that
/// can be spared.
///
/// Bounded in processes, in open files, in memory and in time. The process whose names were not
/// used for longest goes first.
final class JitNames implements AutoCloseable {
    static final int PROCESSES_MAX = 4096;

    /// Processes with files, of which each has two at most.
    static final int WITH_FILES_MAX = 256;

    /// For so long after first sight files are looked for every second: run times do not have them
    /// from their first moment on, and processes that are brief have them for a moment only.
    static final long YOUNG_NANOS = 10_000_000_000L;

    private static final long UNUSED_NANOS_MAX = 120_000_000_000L;

    /// For one process at a time, and for all.
    private static final long READ_NANOS_MAX = 250_000_000L;

    private static final long READ_ALL_NANOS_MAX = 2_000_000_000L;

    private final JitFiles files;
    private final JitMemory memory;
    private final long bytesMax;
    private final JitCounters counters;
    private final LongSupplier monotonicNanos;

    /// By number of their code, those used last at the end.
    private final Map<Integer, JitProcess> processes = new LinkedHashMap<>(64, 0.75f, true);

    private final Deque<JitProcess> young = new ArrayDeque<>();
    private long roundEndNanos;
    private volatile @Nullable Binary readingNow;

    /// @param memory of all processes
    /// @param bytesMax most of it; one file of a process may take half
    JitNames(
            JitFiles files,
            JitMemory memory,
            long bytesMax,
            JitCounters counters,
            LongSupplier monotonicNanos) {
        this.files = files;
        this.memory = memory;
        this.bytesMax = bytesMax;
        this.counters = counters;
        this.monotonicNanos = monotonicNanos;
        beginRound();
    }

    /// The code whose process's files are being read; null if none are. For any thread.
    @Nullable Binary readingNow() {
        return readingNow;
    }

    /// Begins a span of time in which files are read for a while at most.
    void beginRound() {
        roundEndNanos = monotonicNanos.getAsLong() + READ_ALL_NANOS_MAX;
    }

    /// Opens the files of a process while it is there.
    void see(Binary generated) {
        refresh(of(generated));
    }

    /// Looks for files of those that were seen first a short while ago.
    void lookAgain() {
        beginRound();
        long now = monotonicNanos.getAsLong();
        for (int i = young.size(); i > 0; i--) {
            JitProcess process = young.removeFirst();
            if (processes.containsKey(process.generated().number())) {
                refresh(process);
                if (now - process.seenNanos() < YOUNG_NANOS) {
                    young.addLast(process);
                }
            }
        }
    }

    /// Whether files are to be looked for again soon.
    boolean hasYoung() {
        return !young.isEmpty();
    }

    /// Reads what a process has told up to a time, unless it was read since then; to be called
    /// before its frames are looked up. For a window that is handed on before its end, as it is
    /// full or the last one, that is always.
    ///
    /// @param addresses of these frames; asked for where there is no room for all names
    /// @param atNanos the time on the monotonic clock
    void update(Binary generated, Supplier<long[]> addresses, long atNanos) {
        JitProcess process = of(generated);
        process.used(monotonicNanos.getAsLong());
        if (process.refreshedNanos() == Long.MIN_VALUE || process.refreshedNanos() - atNanos < 0) {
            refresh(process);
        }
        if (process.want(addresses)) {
            read(process);
        }
    }

    /// What is known of an instruction that ran at a time on the monotonic clock, or null.
    @Nullable JitFrame find(Binary generated, long address, long atNanos) {
        JitProcess process = processes.get(generated.number());
        return process == null ? null : process.find(address, atNanos);
    }

    /// Lets go of processes that had no frames for a while.
    void expire() {
        long now = monotonicNanos.getAsLong();
        List<JitProcess> unused = new ArrayList<>();
        for (JitProcess process : processes.values()) {
            if (now - process.usedNanos() < UNUSED_NANOS_MAX) {
                break;
            }
            unused.add(process);
        }
        unused.forEach(this::remove);
    }

    private JitProcess of(Binary generated) {
        JitProcess known = processes.get(generated.number());
        if (known == null) {
            if (processes.size() >= PROCESSES_MAX) {
                remove(processes.values().iterator().next());
            }
            long now = monotonicNanos.getAsLong();
            // Half for each of its files.
            known = new JitProcess(generated, memory, bytesMax / 2, counters, now);
            processes.put(generated.number(), known);
            young.addLast(known);
        }
        return known;
    }

    private void refresh(JitProcess process) {
        read(process);
        boolean isRoomMade = makeRoom(process);
        if (isRoomMade && process.lacksRoom()) {
            process.forget();
            read(process);
        }
    }

    private void read(JitProcess process) {
        long now = monotonicNanos.getAsLong();
        long end = Math.min(roundEndNanos, now + READ_NANOS_MAX);
        readingNow = process.generated();
        process.refresh(files, () -> monotonicNanos.getAsLong() - end < 0, now);
        readingNow = null;
    }

    /// Drops processes, those used last excepted, if there are too many with files, or if this one
    /// found no room.
    ///
    /// @return whether there is room now that was not there before
    private boolean makeRoom(JitProcess forThis) {
        int withFiles = 0;
        for (JitProcess process : processes.values()) {
            withFiles += process.hasFiles() ? 1 : 0;
        }
        boolean isDropped = false;
        for (JitProcess oldest : List.copyOf(processes.values())) {
            long ofOthers = memory.taken() - forThis.bytes();
            boolean isRoomLacking = forThis.lacksRoom() && ofOthers > bytesMax / 2;
            if (withFiles <= WITH_FILES_MAX && !isRoomLacking) {
                break;
            }
            if (oldest != forThis && oldest.hasFiles()) {
                remove(oldest);
                counters.processDropped();
                withFiles--;
                isDropped = true;
            }
        }
        return isDropped;
    }

    private void remove(JitProcess process) {
        processes.remove(process.generated().number());
        process.close();
    }

    @Override
    public void close() {
        processes.values().forEach(JitProcess::close);
        processes.clear();
    }
}
