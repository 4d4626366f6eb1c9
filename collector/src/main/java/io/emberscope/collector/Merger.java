package io.emberscope.collector;

import io.emberscope.collector.aggregate.Windows;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.container.Containers;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.process.Timeline;
import org.jspecify.annotations.Nullable;

/// Applies events to the process table and puts samples into windows, in the order in which the
/// timeline hands them over.
final class Merger implements Timeline.Replay {
    private final ProcessTable processes;
    private final Containers containers;
    private final boolean groupsTellAll;
    private final Windows windows;

    /// @param groupsTellAll whether a process whose control group names no container is in none
    Merger(ProcessTable processes, Containers containers, boolean groupsTellAll, Windows windows) {
        this.processes = processes;
        this.containers = containers;
        this.groupsTellAll = groupsTellAll;
        this.windows = windows;
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
    public void sample(SampleView sample) {
        ProfiledProcess process = processes.ofSample(sample.pid());
        Container container = containers.of(sample.cgroupId());
        if (!groupsTellAll && container.isNone() && !sample.isKernelThread()) {
            processes.askForContainer(process);
        }
        windows.add(sample, process, container);
    }
}
