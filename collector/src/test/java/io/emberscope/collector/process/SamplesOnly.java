package io.emberscope.collector.process;

import org.jspecify.annotations.Nullable;

/// A replay for tests that look at its samples.
public interface SamplesOnly extends Timeline.Replay {
    @Override
    default void fork(long timeNanos, int pid, int parentPid) {}

    @Override
    default void exec(long timeNanos, int pid, @Nullable Binary first) {}

    @Override
    default void map(long time, int pid, long start, long end, long offset, Binary binary) {}

    @Override
    default void exit(long timeNanos, int pid, int tid) {}

    @Override
    default void snapshot(Snapshot snapshot) {}
}
