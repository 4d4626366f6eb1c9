package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.DropReason;
import io.emberscope.bpf.SamplerCounters;
import io.emberscope.collector.export.Tally;
import io.emberscope.profile.ProfileType;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/// The first half of the conservation law: what the kernel counted, as metrics. Keeps the last
/// counts when the kernel is closed. Safe for use by several threads.
final class KernelCounters {
    private static final SamplerCounters NONE =
            new SamplerCounters(0, 0, 0, 0, new EnumMap<>(DropReason.class), 0, 0, 0);

    private final Kernel kernel;
    private volatile SamplerCounters cpu = NONE;
    private volatile SamplerCounters waits = NONE;

    @FunctionalInterface
    private interface Count {
        long of(SamplerCounters counters);
    }

    KernelCounters(Kernel kernel, Metrics metrics) {
        this.kernel = kernel;
        counter(
                metrics,
                "emberscope_collector_hits_total",
                "Times the sampler met a thread that was not idle, or that had waited.",
                SamplerCounters::hits);
        counter(
                metrics,
                "emberscope_collector_hit_nanoseconds_total",
                "Time these hits stand for, of the CPU or of waiting.",
                SamplerCounters::hitNanos);
        counter(
                metrics,
                "emberscope_collector_received_samples_total",
                "Hits whose sample came out of the ring buffer.",
                SamplerCounters::delivered);
        counter(
                metrics,
                "emberscope_collector_sampling_nanoseconds_total",
                "CPU time that the kernel took for samples, in whatever ran just then.",
                SamplerCounters::busyNanos);
        counter(
                metrics,
                "emberscope_collector_unread_stacks_total",
                "User stacks cut where they are not in memory, as too many waited to be read.",
                SamplerCounters::notDeferred);
        metrics.counterFrom(
                "emberscope_collector_throttles_total",
                "Times the kernel paused an event for being too frequent.",
                () -> Math.max(0, cpu.throttles()));
        for (DropReason reason : DropReason.values()) {
            if (reason.isWanted()) {
                leftOut(metrics, reason);
            } else {
                Tally.dropsOfKernel(
                        metrics,
                        name(reason),
                        () -> sum(counters -> counters.dropped(reason).samples()),
                        () -> sum(counters -> counters.dropped(reason).nanos()));
            }
        }
    }

    private void leftOut(Metrics metrics, DropReason reason) {
        for (ProfileType type : List.of(ProfileType.CPU, ProfileType.OFF_CPU)) {
            metrics.counterFrom(
                    "emberscope_collector_left_out_samples_total",
                    "Hits that were not sampled because it was so wished, by reason.",
                    () -> of(type).dropped(reason).samples(),
                    "profile",
                    type.name(),
                    "reason",
                    name(reason));
            metrics.counterFrom(
                    "emberscope_collector_left_out_nanoseconds_total",
                    "Time that no sample stands for because it was so wished, by reason.",
                    () -> of(type).dropped(reason).nanos(),
                    "profile",
                    type.name(),
                    "reason",
                    name(reason));
        }
    }

    private void counter(Metrics metrics, String name, String help, Count count) {
        for (ProfileType type : List.of(ProfileType.CPU, ProfileType.OFF_CPU)) {
            metrics.counterFrom(name, help, () -> count.of(of(type)), "profile", type.name());
        }
    }

    private SamplerCounters of(ProfileType type) {
        return type.equals(ProfileType.CPU) ? cpu : waits;
    }

    private long sum(Count count) {
        return count.of(cpu) + count.of(waits);
    }

    /// Counts anew, unless the kernel is closed.
    synchronized void refresh() {
        try {
            cpu = kernel.counters();
            waits = kernel.waitCounters();
        } catch (BpfException | IllegalStateException _) {
            // Closed meanwhile: the last counts are the final ones.
        }
    }

    /// Hits so far.
    long hits() {
        return sum(SamplerCounters::hits);
    }

    /// Time these stand for.
    long hitNanos() {
        return sum(SamplerCounters::hitNanos);
    }

    /// CPU time the kernel took so far.
    long busyNanos() {
        return sum(SamplerCounters::busyNanos);
    }

    /// Samples the kernel lost so far.
    long dropped() {
        return dropped(false, SamplerCounters.Drops::samples);
    }

    /// Time these stood for.
    long droppedNanos() {
        return dropped(false, SamplerCounters.Drops::nanos);
    }

    /// Hits that were left out so far because it was so wished.
    long leftOut() {
        return dropped(true, SamplerCounters.Drops::samples);
    }

    /// Time that no sample stands for because it was so wished.
    long leftOutNanos() {
        return dropped(true, SamplerCounters.Drops::nanos);
    }

    private long dropped(boolean wanted, ToLongFunction<SamplerCounters.Drops> what) {
        return sum(
                counters ->
                        counters.drops().entrySet().stream()
                                .filter(drops -> drops.getKey().isWanted() == wanted)
                                .mapToLong(drops -> what.applyAsLong(drops.getValue()))
                                .sum());
    }

    /// The reasons of the kernel for which samples were lost so far, with their number.
    String reasons() {
        StringBuilder text = new StringBuilder();
        for (DropReason reason : DropReason.values()) {
            if (!reason.isWanted()) {
                text.append(
                        Tally.reason(
                                name(reason), sum(counters -> counters.dropped(reason).samples())));
            }
        }
        return text.toString();
    }

    private static String name(DropReason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }
}
