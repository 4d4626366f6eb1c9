package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.DropReason;
import io.emberscope.bpf.SamplerCounters;
import io.emberscope.collector.export.Tally;
import java.util.EnumMap;
import java.util.Locale;

/// The first half of the conservation law: what the kernel counted, as metrics. Keeps the last
/// counts when the kernel is closed. Safe for use by several threads.
final class KernelCounters {
    private final Kernel kernel;
    private volatile SamplerCounters last =
            new SamplerCounters(0, 0, 0, 0, new EnumMap<>(DropReason.class), 0);

    KernelCounters(Kernel kernel, Metrics metrics) {
        this.kernel = kernel;
        metrics.counterFrom(
                "emberscope_collector_hits_total",
                "Times the sampler met a thread that was not idle.",
                () -> last.hits());
        metrics.counterFrom(
                "emberscope_collector_hit_nanoseconds_total",
                "CPU time these hits stand for.",
                () -> last.hitNanos());
        metrics.counterFrom(
                "emberscope_collector_received_samples_total",
                "Hits whose sample came out of the ring buffer.",
                () -> last.delivered());
        metrics.counterFrom(
                "emberscope_collector_throttles_total",
                "Times the kernel paused an event for being too frequent.",
                () -> Math.max(0, last.throttles()));
        for (DropReason reason : DropReason.values()) {
            Tally.dropsOfKernel(
                    metrics,
                    name(reason),
                    () -> drops(reason).samples(),
                    () -> drops(reason).nanos());
        }
    }

    /// Counts anew, unless the kernel is closed.
    SamplerCounters refresh() {
        try {
            last = kernel.counters();
        } catch (BpfException | IllegalStateException _) {
            // Closed meanwhile: the last counts are the final ones.
        }
        return last;
    }

    /// The reasons of the kernel for which samples were lost so far, with their number.
    String reasons() {
        StringBuilder text = new StringBuilder();
        for (DropReason reason : DropReason.values()) {
            text.append(Tally.reason(name(reason), drops(reason).samples()));
        }
        return text.toString();
    }

    private static String name(DropReason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    private SamplerCounters.Drops drops(DropReason reason) {
        SamplerCounters.Drops drops = last.drops().get(reason);
        return drops == null ? new SamplerCounters.Drops(0, 0) : drops;
    }
}
