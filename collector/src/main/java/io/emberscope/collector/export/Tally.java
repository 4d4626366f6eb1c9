package io.emberscope.collector.export;

import io.emberscope.base.metrics.Metrics;
import java.util.EnumMap;
import java.util.Map;

/// The second half of the conservation law: what became of the samples that the kernel delivered.
/// Safe for use by several threads.
///
/// In samples and in nanoseconds: `hits + restored = delivered + dropped + still on the way`, where
/// restored ones were spooled by an earlier run.
public final class Tally {
    private static final String DROPPED = "emberscope_collector_dropped_samples_total";
    private static final String DROPPED_NANOS = "emberscope_collector_dropped_nanoseconds_total";
    private static final String DROPPED_HELP = "Samples that reached no server, by reason.";
    private static final String DROPPED_NANOS_HELP =
            "CPU time of samples that reached no server, by reason.";

    private final Pair delivered;
    private final Pair restored;
    private final Map<Loss, Pair> dropped = new EnumMap<>(Loss.class);

    private record Pair(Metrics.Counter samples, Metrics.Counter nanos) {
        void add(long moreSamples, long moreNanos) {
            samples.add(moreSamples);
            nanos.add(moreNanos);
        }
    }

    /// Counters of these metrics.
    public Tally(Metrics metrics) {
        delivered =
                new Pair(
                        metrics.counter(
                                "emberscope_collector_delivered_samples_total",
                                "Samples in batches that a server acknowledged."),
                        metrics.counter(
                                "emberscope_collector_delivered_nanoseconds_total",
                                "CPU time in batches that a server acknowledged."));
        restored =
                new Pair(
                        metrics.counter(
                                "emberscope_collector_restored_samples_total",
                                "Samples found in the spool of an earlier run."),
                        metrics.counter(
                                "emberscope_collector_restored_nanoseconds_total",
                                "CPU time found in the spool of an earlier run."));
        for (Loss loss : Loss.values()) {
            dropped.put(
                    loss,
                    new Pair(
                            metrics.counter(DROPPED, DROPPED_HELP, "reason", loss.text()),
                            metrics.counter(
                                    DROPPED_NANOS, DROPPED_NANOS_HELP, "reason", loss.text())));
        }
    }

    /// Lets a reason of the kernel's side stand beside ours.
    ///
    /// @param samples so far
    /// @param nanos so far
    public static void dropsOfKernel(
            Metrics metrics,
            String reason,
            java.util.function.DoubleSupplier samples,
            java.util.function.DoubleSupplier nanos) {
        metrics.counterFrom(DROPPED, DROPPED_HELP, samples, "reason", reason);
        metrics.counterFrom(DROPPED_NANOS, DROPPED_NANOS_HELP, nanos, "reason", reason);
    }

    /// A server acknowledged samples.
    public void delivered(long samples, long nanos) {
        delivered.add(samples, nanos);
    }

    /// Samples were found in the spool of an earlier run.
    public void restored(long samples, long nanos) {
        restored.add(samples, nanos);
    }

    /// Samples were lost.
    public void dropped(Loss loss, long samples, long nanos) {
        Pair pair = dropped.get(loss);
        if (pair != null) {
            pair.add(samples, nanos);
        }
    }

    /// Samples acknowledged so far.
    public long deliveredSamples() {
        return delivered.samples.value();
    }

    /// CPU time acknowledged so far.
    public long deliveredNanos() {
        return delivered.nanos.value();
    }

    /// Samples restored so far.
    public long restoredSamples() {
        return restored.samples.value();
    }

    /// CPU time restored so far.
    public long restoredNanos() {
        return restored.nanos.value();
    }

    /// The reasons of ours for which samples were lost so far, with their number: ` spool_full=7`.
    public String reasons() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Loss, Pair> loss : dropped.entrySet()) {
            text.append(reason(loss.getKey().text(), loss.getValue().samples.value()));
        }
        return text.toString();
    }

    /// One reason with its number of samples, or nothing if there are none: ` ring_full=7`.
    public static String reason(String name, long samples) {
        return samples > 0 ? " " + name + '=' + samples : "";
    }

    /// Samples lost so far, for any reason of ours.
    public long droppedSamples() {
        long sum = 0;
        for (Pair pair : dropped.values()) {
            sum += pair.samples.value();
        }
        return sum;
    }

    /// CPU time lost so far, for any reason of ours.
    public long droppedNanos() {
        long sum = 0;
        for (Pair pair : dropped.values()) {
            sum += pair.nanos.value();
        }
        return sum;
    }
}
