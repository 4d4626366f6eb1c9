package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.Cgroups;
import io.emberscope.bpf.ProgramStats;
import io.emberscope.bpf.SamplerOptions;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.aggregate.CutStacks;
import io.emberscope.collector.aggregate.WallClock;
import io.emberscope.collector.aggregate.Windows;
import io.emberscope.collector.container.Containers;
import io.emberscope.collector.container.Hierarchy;
import io.emberscope.collector.naming.SafeBinaryFiles;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.Mappings;
import io.emberscope.collector.process.Names;
import io.emberscope.collector.process.OwnFiles;
import io.emberscope.collector.process.ProcFiles;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.process.Timeline;
import io.emberscope.collector.unwind.FileTables;
import io.emberscope.collector.unwind.Unwinding;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The agent from the kernel to the merged sample, in this process, keeping every sample with its
/// thread, its time and where each of its frames is.
final class LiveSampler implements AutoCloseable {
    /// A frame: where in which binary.
    record Place(Binary binary, long offset) {}

    /// A merged sample.
    ///
    /// @param timeNanos when it was taken
    /// @param mergedNanos when it had been merged, on the same clock
    /// @param frames of user space, innermost first
    record Merged(
            int pid,
            int tid,
            long timeNanos,
            long mergedNanos,
            String thread,
            StackEnd end,
            boolean isResumed,
            List<Place> frames) {}

    private static final long MEMORY_BYTES = 64 << 20;
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final MemoryBudget budget;
    private final BpfKernel kernel;
    private final Unwinding unwinding;
    private final Snapshots snapshots;
    private final CollectLoop loop;
    private final Thread thread;
    private final List<Merged> merged = new ArrayList<>();
    private volatile @Nullable Exception failure;

    LiveSampler(SamplerOptions.Unwinding how, int hz) throws Exception {
        LongSupplier clock = System::nanoTime;
        Metrics metrics = new Metrics();
        Containers containers = new Containers();
        CollectorOptions options =
                CollectorOptions.parse(
                        new String[] {
                            "--frequency=" + hz,
                            "--unwind="
                                    + switch (how) {
                                        case TABLES -> "tables";
                                        case TABLES_BOUNDED -> "tables-bounded";
                                        case FRAME_POINTERS -> "frame-pointers";
                                    }
                        },
                        0,
                        Map.of());
        Hierarchy hierarchy =
                Hierarchy.choose("/proc/self/mountinfo", path -> Cgroups.idOf(Path.of(path)));
        int cpus = Runtime.getRuntime().availableProcessors();
        budget =
                MemoryBudget.cut(
                        "test",
                        1L << 30,
                        new MemoryBudget.Circumstances(0, cpus, cpus, options.frequencyHz()));
        kernel =
                BpfKernel.open(
                        options,
                        SamplingRules.ALL,
                        budget,
                        hierarchy,
                        containers,
                        metrics,
                        new Log(System.err));
        int own = new OwnFiles("/proc").pid();
        FileTables tables =
                new FileTables(
                        new SafeBinaryFiles(own, _ -> false),
                        _ -> {},
                        null,
                        new LocalDisk(),
                        clock,
                        metrics,
                        System.err::println);
        unwinding =
                new Unwinding(
                        kernel.unwindMemory().orElseThrow(),
                        tables,
                        MEMORY_BYTES,
                        clock,
                        metrics,
                        System.err::println);
        Binaries binaries = new Binaries();
        ProcessTable processes = new ProcessTable(binaries, metrics, unwinding::forget);
        WallClock wall = new WallClock(InstantSource.system(), clock);
        Windows windows = new Windows(wall, _ -> {}, _ -> {}, new CutStacks(metrics));
        Merger merger = new Merger(processes, containers, true, windows, unwinding, metrics);
        Timeline timeline = new Timeline(binaries, new Keeping(merger, processes, merged));
        ProcFiles files = new ProcFiles("/proc", clock);
        snapshots = new Snapshots(files, new DenyList(clock), clock, metrics);
        loop =
                new CollectLoop(
                        kernel, timeline, processes, windows, wall, unwinding, snapshots, files,
                        () -> {}, clock);
        thread =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        loop.run();
                                    } catch (Exception e) {
                                        failure = e;
                                    }
                                });
        try {
            await("ready", loop::isReady);
        } catch (Exception | AssertionError e) {
            close();
            throw e;
        }
    }

    /// Waits until the loop has come so far, unless it has failed or takes too long.
    private void await(String what, BooleanSupplier isSo) throws Exception {
        long start = System.nanoTime();
        while (!isSo.getAsBoolean()) {
            Exception cause = failure;
            if (cause != null) {
                throw cause;
            }
            assertThat(System.nanoTime() - start).as("time until %s", what).isLessThan(WAIT_NANOS);
            Thread.sleep(10);
        }
    }

    /// Hands samples to the merger and keeps those that it takes.
    private record Keeping(Merger merger, ProcessTable processes, List<Merged> merged)
            implements Timeline.Replay {
        @Override
        public void fork(long timeNanos, int pid, int parentPid) {
            merger.fork(timeNanos, pid, parentPid);
        }

        @Override
        public void exec(long timeNanos, int pid, @Nullable Binary first) {
            merger.exec(timeNanos, pid, first);
        }

        @Override
        public void map(long time, int pid, long start, long end, long offset, Binary binary) {
            merger.map(time, pid, start, end, offset, binary);
        }

        @Override
        public void exit(long timeNanos, int pid, int tid) {
            merger.exit(timeNanos, pid, tid);
        }

        @Override
        public void snapshot(Snapshot snapshot) {
            merger.snapshot(snapshot);
        }

        @Override
        public boolean sample(SampleView sample, boolean mayWait) {
            if (!merger.sample(sample, mayWait)) {
                return false;
            }
            long mergedNanos = System.nanoTime();
            Mappings mappings = processes.ofSample(sample.pid(), sample.timeNanos()).mappings();
            List<Place> frames = new ArrayList<>();
            for (int i = 0; i < sample.userFrames(); i++) {
                long address = sample.userFrame(i) - (sample.isUserFrameExact(i) ? 0 : 1);
                int index = mappings.find(address);
                frames.add(
                        index < 0
                                ? new Place(Binary.UNKNOWN, address)
                                : new Place(
                                        mappings.binary(index),
                                        mappings.binary(index).hasOffsets()
                                                ? mappings.fileOffset(index, address)
                                                : address));
            }
            synchronized (merged) {
                merged.add(
                        new Merged(
                                sample.pid(),
                                sample.tid(),
                                sample.timeNanos(),
                                mergedNanos,
                                Names.threadName(sample.nameFirst(), sample.nameSecond()),
                                sample.userEnd(),
                                sample.resumptionWords() > 0,
                                frames));
            }
            return true;
        }
    }

    /// How its memory is cut.
    MemoryBudget budget() {
        return budget;
    }

    /// What the kernel tells about the program.
    ProgramStats programStats() throws BpfException {
        return kernel.programStats();
    }

    /// Takes the samples kept so far, once everything up to a time is among them.
    List<Merged> takeUntil(long timeNanos) throws Exception {
        await("merged", () -> loop.mergedNanos() >= timeNanos);
        synchronized (merged) {
            List<Merged> taken = List.copyOf(merged);
            merged.clear();
            return taken;
        }
    }

    @Override
    public void close() {
        loop.stop();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        unwinding.close();
        kernel.close();
        snapshots.close();
    }
}
