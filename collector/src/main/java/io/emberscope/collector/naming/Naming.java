package io.emberscope.collector.naming;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.SymbolFiles;
import io.emberscope.symbolizer.jit.JitMemory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Turns windows into batches with names: the door of this package.
///
/// [#batch] is called by one thread; [#seen] and [#check] by another.
public final class Naming implements AutoCloseable {
    private static final Reader.Limits LIMITS = new Reader.Limits(10_000_000_000L, 3, 4096);

    private final Reader<FileNames> reader;
    private final Reader<JitNames> jitReader;
    private final FrameNamer namer;
    private final Batches batches;
    private final Consumer<Binary> stuck;

    /// Whether there may be binaries whose names are to be read ahead.
    private final AtomicBoolean isPreparing = new AtomicBoolean();

    /// Whether there may be processes whose files of names are to be looked for again.
    private final AtomicBoolean isLooking = new AtomicBoolean();

    /// @param kernelNames names of the kernel's functions, read when the first window is named
    /// @param files opens what profiled processes have mapped
    /// @param jitFiles opens the files in which processes tell names of code they made
    /// @param jitBytesMax memory for these names, of all processes
    /// @param stuck takes a binary whose file did not answer in time
    /// @param symbols has the symbol files of binaries
    /// @param node name of this machine, a label
    /// @param periodNanos CPU time between two samples
    public Naming(
            KernelNames kernelNames,
            BinaryFiles files,
            JitFiles jitFiles,
            long jitBytesMax,
            Consumer<Binary> stuck,
            SymbolFiles symbols,
            String node,
            long periodNanos,
            LongSupplier monotonicNanos,
            Metrics metrics) {
        this.stuck = stuck;
        reader =
                new Reader<>(
                        "files",
                        LIMITS,
                        () ->
                                new FileNames(
                                        new SymbolCache(
                                                symbols,
                                                SymbolCache.Limits.OF_AGENT,
                                                monotonicNanos,
                                                metrics),
                                        files,
                                        monotonicNanos),
                        FileNames::close,
                        monotonicNanos,
                        metrics);
        JitMemory jitMemory = new JitMemory(jitBytesMax);
        JitCounters jitCounters = new JitCounters(metrics);
        metrics.gauge(
                "emberscope_collector_jit_memory_bytes",
                "Memory for names of code made at run time, as far as it is counted.",
                jitMemory::taken);
        jitReader =
                new Reader<>(
                        "jit",
                        LIMITS,
                        () ->
                                new JitNames(
                                        jitFiles,
                                        jitMemory,
                                        jitBytesMax,
                                        jitCounters,
                                        monotonicNanos),
                        JitNames::close,
                        monotonicNanos,
                        metrics);
        namer = new FrameNamer(kernelNames, reader, jitReader, jitCounters, stuck);
        batches = new Batches(node, periodNanos);
    }

    /// Notes a binary that is on a stack for the first time: its file is opened soon, while there
    /// are processes to open it through.
    public void seen(Binary binary) {
        if (binary.isGenerated()) {
            seenGenerated(binary);
        } else {
            seenFile(binary);
        }
    }

    private void seenGenerated(Binary generated) {
        jitReader.submit(
                new Reader.Task<>() {
                    @Override
                    public void run(JitNames names) {
                        names.beginRound();
                        names.see(generated);
                        isLooking.set(true);
                    }

                    @Override
                    public void giveUp() {
                        stuck.accept(generated);
                    }
                });
    }

    private void seenFile(Binary binary) {
        reader.submit(
                new Reader.Task<>() {
                    @Override
                    public void run(FileNames names) {
                        names.hold(binary);
                        isPreparing.set(true);
                    }

                    @Override
                    public void giveUp() {
                        stuck.accept(binary);
                    }
                });
    }

    /// Names a window's frames and makes its batch. Waits for files, within a bound.
    public ProfileBatch batch(Window window) throws InterruptedException {
        ProfileBatch batch = batches.of(window, namer.name(window));
        reader.submit(
                new Reader.Task<>() {
                    @Override
                    public void run(FileNames names) {
                        names.expire();
                    }

                    @Override
                    public void giveUp() {
                        // Done after the next window.
                    }
                });
        return batch;
    }

    /// Leaves reads behind that take too long, and has some more names read ahead. To be called
    /// about once a second.
    public void check() {
        reader.check();
        jitReader.check();
        if (isLooking.getAndSet(false) && !jitReader.submit(new LookAgain())) {
            isLooking.set(true);
        }
        if (isPreparing.getAndSet(false) && !reader.submit(new Preparation())) {
            isPreparing.set(true);
        }
    }

    /// Reads the names of binaries that were seen of late, for a while: at most so much of a CPU
    /// goes into it.
    private final class Preparation implements Reader.Task<FileNames> {
        private static final long NANOS_MAX = 250_000_000;

        private volatile @Nullable Binary at;

        @Override
        public void run(FileNames names) {
            long start = names.nanos();
            do {
                at = names.nextUnprepared();
                if (at == null) {
                    return;
                }
                names.prepare(at);
            } while (names.nanos() - start < NANOS_MAX);
            isPreparing.set(true);
        }

        @Override
        public void giveUp() {
            Binary late = at;
            if (late != null) {
                stuck.accept(late);
            }
        }
    }

    /// Looks for files of names of processes that were seen first a short while ago.
    private final class LookAgain implements Reader.Task<JitNames> {
        private volatile @Nullable JitNames at;

        @Override
        public void run(JitNames names) {
            at = names;
            names.lookAgain();
            isLooking.set(names.hasYoung());
        }

        @Override
        public void giveUp() {
            JitNames names = at;
            Binary late = names == null ? null : names.readingNow();
            if (late != null) {
                stuck.accept(late);
            }
        }
    }

    @Override
    public void close() {
        reader.close();
        jitReader.close();
    }
}
