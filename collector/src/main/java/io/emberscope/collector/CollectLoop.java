package io.emberscope.collector;

import io.emberscope.bpf.BpfException;
import io.emberscope.collector.aggregate.WallClock;
import io.emberscope.collector.aggregate.Windows;
import io.emberscope.collector.process.ProcFiles;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.Snapshot;
import io.emberscope.collector.process.Timeline;
import io.emberscope.collector.unwind.Unwinding;
import java.util.ArrayDeque;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The thread that drains the kernel, merges by time and sums. It never reads a file of a profiled
/// process, never waits for the network, and wakes a few times a second.
///
/// Until the processes that were there at the start have been read, or a few seconds have passed,
/// it only drains: their samples wait and get their names then.
final class CollectLoop {
    private static final long WAIT_MILLIS = 250;
    private static final long BUSY_WAIT_MILLIS = 50;
    private static final long URGENT_WAIT_MILLIS = 4;
    private static final double BUSY_FILL = 0.25;
    private static final double TIMELINE_FILL_MAX = 0.5;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long SCAN_NANOS_MAX = 10 * SECOND_NANOS;
    private static final long SWEEP_NANOS = 30 * SECOND_NANOS;
    private static final long RESYNC_NANOS = 5 * SECOND_NANOS;

    private final Kernel kernel;
    private final Timeline timeline;
    private final ProcessTable processes;
    private final Windows windows;
    private final WallClock wall;
    private final @Nullable Unwinding unwinding;
    private final Snapshots snapshots;
    private final ProcFiles procFiles;
    private final Runnable everySecond;
    private final LongSupplier monotonicNanos;
    private final ArrayDeque<Snapshot> taken = new ArrayDeque<>();

    private long startNanos;
    private long previousRoundNanos;
    private volatile long mergedNanos;
    private long lastSecondNanos;
    private long lastSweepNanos;
    private long lastResyncNanos;
    private boolean resyncWanted;
    private boolean isWaiting;
    private volatile boolean scanning = true;
    private volatile boolean stopping;

    /// @param unwinding null if the kernel walks user stacks
    /// @param everySecond what else has to be done; must not block
    CollectLoop(
            Kernel kernel,
            Timeline timeline,
            ProcessTable processes,
            Windows windows,
            WallClock wall,
            @Nullable Unwinding unwinding,
            Snapshots snapshots,
            ProcFiles procFiles,
            Runnable everySecond,
            LongSupplier monotonicNanos) {
        this.kernel = kernel;
        this.timeline = timeline;
        this.processes = processes;
        this.windows = windows;
        this.wall = wall;
        this.unwinding = unwinding;
        this.snapshots = snapshots;
        this.procFiles = procFiles;
        this.everySecond = everySecond;
        this.monotonicNanos = monotonicNanos;
    }

    /// Whether samples are being merged.
    boolean isReady() {
        return !scanning;
    }

    /// Up to which time everything is merged, on the monotonic clock.
    long mergedNanos() {
        return mergedNanos;
    }

    /// Makes [#run] end, after everything that was sampled has been merged.
    void stop() {
        stopping = true;
    }

    /// Collects until [#stop].
    void run() throws BpfException {
        begin();
        while (!stopping) {
            double fill = round();
            if (kernel.takeUrgent() || isWaiting) {
                // What came in this round may be merged in the next; a table may be there by then.
                kernel.await(URGENT_WAIT_MILLIS);
            } else {
                kernel.await(fill > BUSY_FILL ? BUSY_WAIT_MILLIS : WAIT_MILLIS);
            }
        }
        finish();
    }

    /// Asks for all processes that are there, now that everything that comes later is told.
    void begin() {
        startNanos = monotonicNanos.getAsLong();
        previousRoundNanos = startNanos;
        lastSecondNanos = startNanos;
        lastSweepNanos = startNanos;
        lastResyncNanos = startNanos;
        snapshots.request(procFiles.processes());
    }

    /// Drains once and merges what is older than the round before.
    ///
    /// @return how full the kernel's buffers were
    double round() throws BpfException {
        long now = monotonicNanos.getAsLong();
        wall.update();
        double fill = kernel.drain(timeline);
        takeSnapshots();
        scanning = scanning && isScanGoingOn(now);
        if (!scanning) {
            merge(previousRoundNanos);
        }
        if (now - lastSecondNanos >= SECOND_NANOS) {
            lastSecondNanos = now;
            second(now);
        }
        previousRoundNanos = now;
        return fill;
    }

    /// Stops sampling and merges what is left.
    void finish() throws BpfException {
        kernel.stop();
        kernel.drain(timeline);
        scanning = false;
        for (Snapshot next = snapshots.poll(); next != null; next = snapshots.poll()) {
            taken.addLast(next);
        }
        taken.forEach(timeline::snapshot);
        taken.clear();
        updateTables();
        timeline.replay(Long.MAX_VALUE, false);
        windows.closeAll();
    }

    /// What was sampled before a snapshot must be in the timeline before it: one that is younger
    /// than the last round waits for the next.
    private void takeSnapshots() {
        for (Snapshot next = snapshots.poll(); next != null; next = snapshots.poll()) {
            taken.addLast(next);
        }
        for (int i = taken.size(); i > 0; i--) {
            Snapshot snapshot = taken.removeFirst();
            if (snapshot.takenNanos() <= previousRoundNanos) {
                timeline.snapshot(snapshot);
            } else {
                taken.addLast(snapshot);
            }
        }
    }

    private boolean isScanGoingOn(long now) {
        return (snapshots.outstanding() > 0 || !taken.isEmpty())
                && now - startNanos < SCAN_NANOS_MAX
                && timeline.fill() < TIMELINE_FILL_MAX;
    }

    private void merge(long untilNanos) throws BpfException {
        updateTables();
        mergedNanos = timeline.replay(untilNanos, timeline.fill() < TIMELINE_FILL_MAX);
        isWaiting = mergedNanos < untilNanos;
        windows.closeBefore(mergedNanos);
        processes.forgetExited(mergedNanos);
        snapshots.request(processes.takeSnapshotsWanted());
    }

    private void updateTables() throws BpfException {
        if (unwinding != null) {
            unwinding.update();
        }
    }

    private void second(long now) throws BpfException {
        kernel.refreshCpus();
        resyncWanted |= kernel.takeLost();
        if (resyncWanted && now - lastResyncNanos >= RESYNC_NANOS) {
            resyncWanted = false;
            lastResyncNanos = now;
            snapshots.request(procFiles.processes());
        }
        if (!scanning) {
            processes.settleDoubts(mergedNanos, procFiles);
            if (now - lastSweepNanos >= SWEEP_NANOS) {
                lastSweepNanos = now;
                sweep();
            }
        }
        snapshots.check();
        everySecond.run();
    }

    private void sweep() {
        processes.endMissing(procFiles.processes(), mergedNanos);
    }
}
