package io.emberscope.collector;

import io.emberscope.collector.primitive.LongMap;
import java.util.function.LongSupplier;

/// Processes that made a read last for too long: for some minutes nothing of theirs is read. Safe
/// for use by several threads.
final class DenyList {
    private static final long DENIED_NANOS = 600_000_000_000L;
    private static final int PROCESSES_MAX = 4096;

    private final LongSupplier monotonicNanos;
    private final LongMap<Long> until = new LongMap<>();

    DenyList(LongSupplier monotonicNanos) {
        this.monotonicNanos = monotonicNanos;
    }

    synchronized void add(int pid) {
        if (until.size() >= PROCESSES_MAX && until.get(pid) == null) {
            removeOldest();
        }
        until.put(pid, monotonicNanos.getAsLong() + DENIED_NANOS);
    }

    /// Forgets a process that has ended: another may have its id.
    synchronized void remove(int pid) {
        until.remove(pid);
    }

    private void removeOldest() {
        long[] oldest = {0, Long.MAX_VALUE};
        long now = monotonicNanos.getAsLong();
        until.forEach(
                (pid, end) -> {
                    if (end - now < oldest[1]) {
                        oldest[0] = pid;
                        oldest[1] = end - now;
                    }
                });
        until.remove(oldest[0]);
    }

    synchronized boolean contains(int pid) {
        Long end = until.get(pid);
        if (end == null) {
            return false;
        }
        if (monotonicNanos.getAsLong() - end >= 0) {
            until.remove(pid);
            return false;
        }
        return true;
    }

    /// How many processes there are.
    synchronized int size() {
        return until.size();
    }
}
