package io.emberscope.server.ingest;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.DecodedRequest;
import io.emberscope.storage.Appended;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What ingest has done, in numbers: this server's half of the conservation law.
final class IngestMetrics {
    /// Units that have a counter of their own; a stranger must not make counters.
    private static final List<String> UNITS = List.of("nanoseconds", "bytes", "count");

    private final Metrics.Counter acceptedBatches;
    private final Metrics.Counter duplicateBatches;
    private final Metrics.Counter storedSamples;
    private final Metrics.Counter cutStacks;
    private final Metrics.Counter cutNames;
    private final Metrics.Counter zeroSamples;
    private final Metrics.Counter otherValues;
    private final Map<String, Metrics.Counter> storedValues = new HashMap<>();

    IngestMetrics(Metrics metrics) {
        acceptedBatches =
                metrics.counter(
                        "emberscope_server_accepted_batches_total",
                        "Batches stored and acknowledged.");
        duplicateBatches =
                metrics.counter(
                        "emberscope_server_duplicate_batches_total",
                        "Batches acknowledged again that were stored before.");
        storedSamples =
                metrics.counter(
                        "emberscope_server_stored_samples_total",
                        "Samples stored and acknowledged.");
        cutStacks =
                metrics.counter(
                        "emberscope_server_cut_stacks_total",
                        "Stacks received that were too deep and lost their outermost frames.");
        cutNames =
                metrics.counter(
                        "emberscope_server_cut_names_total",
                        "Names received that were too long and lost their ends.");
        zeroSamples =
                metrics.counter(
                        "emberscope_server_zero_samples_total",
                        "Samples received whose value is 0, which are not stored.");
        for (String unit : UNITS) {
            storedValues.put(unit, storedValues(metrics, unit));
        }
        otherValues = storedValues(metrics, "unlisted");
    }

    private static Metrics.Counter storedValues(Metrics metrics, String unit) {
        return metrics.counter(
                "emberscope_server_stored_values_total",
                "Sum of the values stored and acknowledged, by unit.",
                "unit",
                unit);
    }

    /// What decoding had to change; a sender should know, and cannot see it elsewhere.
    void decoded(DecodedRequest request) {
        cutStacks.add(request.cutStacks());
        cutNames.add(request.cutNames());
        zeroSamples.add(request.zeroSamples());
    }

    void acknowledged(ProfileBatch batch, Appended outcome) {
        switch (outcome) {
            case DUPLICATE -> duplicateBatches.increment();
            case STORED -> {
                acceptedBatches.increment();
                storedSamples.add(batch.size());
                for (Profile profile : batch.profiles()) {
                    String unit = profile.series().type().sampleUnit();
                    storedValues.getOrDefault(unit, otherValues).add(profile.total());
                }
            }
        }
    }
}
