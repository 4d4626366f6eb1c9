package io.emberscope.collector.naming;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.SymbolFiles;
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
    private final FrameNamer namer;
    private final Batches batches;
    private final Consumer<Binary> stuck;

    /// Whether there may be binaries whose names are to be read ahead.
    private final AtomicBoolean isPreparing = new AtomicBoolean();

    /// @param kernelNames names of the kernel's functions, read when the first window is named
    /// @param files opens what profiled processes have mapped
    /// @param stuck takes a binary whose file did not answer in time
    /// @param symbols has the symbol files of binaries
    /// @param node name of this machine, a label
    /// @param periodNanos CPU time between two samples
    public Naming(
            KernelNames kernelNames,
            BinaryFiles files,
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
        namer = new FrameNamer(kernelNames, reader, stuck);
        batches = new Batches(node, periodNanos);
    }

    /// Notes a binary that is on a stack for the first time: its file is opened soon, while there
    /// are processes to open it through.
    public void seen(Binary binary) {
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

    @Override
    public void close() {
        reader.close();
    }
}
