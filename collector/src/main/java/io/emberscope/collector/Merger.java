package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.aggregate.Windows;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.container.Containers;
import io.emberscope.collector.doctor.StackReport;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.process.Timeline;
import io.emberscope.collector.unwind.Unwinding;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Applies events to the process table and puts samples into windows, in the order in which the
/// timeline hands them over.
final class Merger implements Timeline.Replay {
    private final ProcessTable processes;
    private final Containers containers;
    private final boolean groupsTellAll;
    private final Windows windows;
    private final @Nullable Unwinding unwinding;
    private final Map<StackEnd, Metrics.Counter> ends = new EnumMap<>(StackEnd.class);

    /// @param groupsTellAll whether a process whose control group names no container is in none
    /// @param unwinding null if the kernel walks user stacks
    Merger(
            ProcessTable processes,
            Containers containers,
            boolean groupsTellAll,
            Windows windows,
            @Nullable Unwinding unwinding,
            Metrics metrics) {
        this.processes = processes;
        this.containers = containers;
        this.groupsTellAll = groupsTellAll;
        this.windows = windows;
        this.unwinding = unwinding;
        for (StackEnd end : StackEnd.values()) {
            ends.put(
                    end,
                    metrics.counter(
                            StackReport.USER_STACKS,
                            "User stacks by the reason for which they go no further.",
                            "end",
                            end.name().toLowerCase(Locale.ROOT)));
        }
    }

    @Override
    public void fork(long timeNanos, int pid, int parentPid) {
        processes.fork(timeNanos, parentPid, pid);
    }

    @Override
    public void exec(long timeNanos, int pid, @Nullable Binary first) {
        processes.exec(pid, first);
    }

    @Override
    public void map(long timeNanos, int pid, long start, long end, long offset, Binary binary) {
        processes.map(pid, start, end, offset, binary);
    }

    @Override
    public void exit(long timeNanos, int pid, int tid) {
        processes.exit(timeNanos, pid, tid);
    }

    @Override
    public void snapshot(Snapshot snapshot) {
        processes.apply(snapshot);
    }

    @Override
    public boolean sample(SampleView sample, boolean mayWait) {
        ProfiledProcess process = processes.ofSample(sample.pid(), sample.timeNanos());
        if (unwinding != null && !unwinding.complete(sample, process, mayWait)) {
            return false;
        }
        Container container = containers.of(sample.cgroupId());
        if (!groupsTellAll && container.isNone() && !sample.isKernelThread()) {
            processes.askForContainer(process, sample.timeNanos());
        }
        if (sample.userEnd() == StackEnd.NO_MAPPING) {
            // Nothing tells of code that is moved (mremap).
            processes.askForSnapshot(process, sample.timeNanos());
        }
        Metrics.Counter counter = ends.get(sample.userEnd());
        if (counter != null) {
            counter.increment();
        }
        windows.add(sample, process, container);
        return true;
    }
}
