package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.OwnProcess;
import io.emberscope.collector.process.OwnFiles;
import java.util.function.LongSupplier;

/// What the agent itself costs, and its place in the queue for the CPU.
///
/// It asks for the highest nice value, because it must run now and then also where every CPU is
/// taken by threads that were given nearly the highest. That right is bounded: while the agent uses
/// more than [#CORE_PERCENT_MAX] of one core it goes back to the value it was started with, and
/// takes the higher one again once it is well below that.
final class OwnCost {
    /// Use of one core, in percent, above which the agent gives its priority up.
    static final int CORE_PERCENT_MAX = 25;

    /// How long to look before judging. The JVM's start is over by then.
    private static final long PERIOD_NANOS = 30_000_000_000L;

    private static final int NORMAL = 0;

    private final OwnFiles files;
    private final int nice;
    private final Log log;
    private final LongSupplier monotonicNanos;
    private long periodStartNanos;
    private long periodStartCpuNanos;
    private boolean raised;

    /// @param nice value to ask for; [#NORMAL] to leave it
    OwnCost(OwnFiles files, int nice, Log log, LongSupplier monotonicNanos, Metrics metrics) {
        this.files = files;
        this.nice = nice;
        this.log = log;
        this.monotonicNanos = monotonicNanos;
        periodStartNanos = monotonicNanos.getAsLong();
        periodStartCpuNanos = files.cpuNanos();
        metrics.counterFrom(
                "process_cpu_seconds_total",
                "CPU time of this process, user and system.",
                () -> files.cpuNanos() / 1e9);
        metrics.gauge(
                "process_resident_memory_bytes",
                "Memory of this process that is in RAM, without BPF maps.",
                files::residentBytes);
        metrics.gauge(
                "emberscope_collector_priority_raised",
                "Whether this process runs at the nice value it asked for.",
                () -> raised ? 1 : 0);
    }

    /// Takes the priority at the start.
    void begin() {
        raise();
    }

    /// CPU time of this process so far.
    long cpuNanos() {
        return files.cpuNanos();
    }

    /// To be called about once a second.
    void tick() {
        long now = monotonicNanos.getAsLong();
        long elapsed = now - periodStartNanos;
        if (elapsed < PERIOD_NANOS) {
            return;
        }
        long cpu = files.cpuNanos();
        long percent = (cpu - periodStartCpuNanos) * 100 / elapsed;
        periodStartNanos = now;
        periodStartCpuNanos = cpu;
        if (raised && percent > CORE_PERCENT_MAX) {
            log.line(
                    "using "
                            + percent
                            + " % of a core (expected: at most "
                            + CORE_PERCENT_MAX
                            + "); giving priority up until that is over");
            lower();
        } else if (!raised && percent < CORE_PERCENT_MAX / 2) {
            raise();
        }
    }

    private void raise() {
        if (nice == NORMAL) {
            return;
        }
        try {
            OwnProcess.setPriority(nice);
            raised = true;
        } catch (BpfException e) {
            log.line(
                    "priority stays as it is; threads with a high one may starve us: "
                            + e.getMessage());
        }
    }

    private void lower() {
        try {
            OwnProcess.setPriority(NORMAL);
            raised = false;
        } catch (BpfException e) {
            log.line("priority cannot be given up: " + e.getMessage());
        }
    }
}
