package io.emberscope.collector.aggregate;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.process.Timeline;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Samples and events for windows under test, by the way they take in the agent.
final class Feed implements Timeline.Replay {
    static final long WEIGHT = 10_000_000;

    private final Windows windows;
    private final ProcessTable processes = new ProcessTable(new Binaries(), new Metrics(), _ -> {});
    private final Timeline timeline = new Timeline(new Binaries(), this);
    private Container container = Container.NONE;

    Feed(Windows windows) {
        this.windows = windows;
    }

    Feed in(Container now) {
        container = now;
        return this;
    }

    /// A program with one mapping, `0x1000..0x9000`, of file offset 0.
    Feed program(int pid, String path) {
        timeline.exec(0, pid, pid);
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        timeline.map(0, pid, 0x1000, 0x8000, 0, new byte[] {1, 2, 3}, 0, 0, bytes);
        timeline.replay(Long.MAX_VALUE, false);
        return this;
    }

    /// A program that has made code in `0x1000..0x9000`.
    Feed anonymous(int pid) {
        timeline.exec(0, pid, pid);
        timeline.map(0, pid, 0x1000, 0x8000, 0, new byte[0], 0, 0, new byte[0]);
        timeline.replay(Long.MAX_VALUE, false);
        return this;
    }

    Feed sample(long time, int pid, String thread, long... userFrames) {
        return sample(time, pid, thread, 0, new long[0], userFrames);
    }

    Feed sample(
            long time, int pid, String thread, int flags, long[] kernelFrames, long[] userFrames) {
        return sample(time, pid, thread, flags, kernelFrames, userFrames, StackEnd.COMPLETE);
    }

    Feed sample(
            long time,
            int pid,
            String thread,
            int flags,
            long[] kernelFrames,
            long[] userFrames,
            StackEnd end) {
        long[] name = new long[2];
        byte[] bytes = thread.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < Math.min(16, bytes.length); i++) {
            name[i / 8] |= (bytes[i] & 0xffL) << (8 * (i % 8));
        }
        int at =
                timeline.sample(
                        time,
                        pid,
                        pid,
                        0,
                        WEIGHT,
                        name[0],
                        name[1],
                        flags,
                        kernelFrames.length,
                        userFrames.length,
                        end,
                        0,
                        0,
                        0);
        System.arraycopy(kernelFrames, 0, timeline.words(), at, kernelFrames.length);
        System.arraycopy(
                userFrames, 0, timeline.words(), at + kernelFrames.length, userFrames.length);
        timeline.replay(Long.MAX_VALUE, false);
        return this;
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
    public void map(long time, int pid, long start, long end, long offset, Binary binary) {
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
        windows.add(sample, processes.ofSample(sample.pid(), sample.timeNanos()), container);
        return true;
    }
}
