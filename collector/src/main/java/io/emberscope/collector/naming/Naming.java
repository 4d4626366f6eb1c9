package io.emberscope.collector.naming;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.symbolizer.SymbolCache;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Turns windows into batches with names: the door of this package.
///
/// [#batch] is called by one thread; [#seen] and [#check] by another.
public final class Naming implements AutoCloseable {
    private static final Reader.Limits LIMITS = new Reader.Limits(10_000_000_000L, 3, 4096);

    private final Reader<FileNames> reader;
    private final FrameNamer namer;
    private final Batches batches;
    private final Consumer<Binary> stuck;

    /// @param kernelNames names of the kernel's functions, read when the first window is named
    /// @param files opens what profiled processes have mapped
    /// @param stuck takes a binary whose file did not answer in time
    /// @param node name of this machine, a label
    /// @param periodNanos CPU time between two samples
    public Naming(
            KernelNames kernelNames,
            BinaryFiles files,
            Consumer<Binary> stuck,
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

    /// Leaves reads behind that take too long. To be called a few times a second.
    public void check() {
        reader.check();
    }

    @Override
    public void close() {
        reader.close();
    }
}
