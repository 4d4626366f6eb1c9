package io.emberscope.symbolizer;

import io.emberscope.base.metrics.Metrics;

/// What a [SymbolCache] counts.
final class SymbolCounters {
    final Metrics.Counter named;
    final Metrics.Counter nameless;
    final Metrics.Counter refused;
    final Metrics.Counter later;
    final Metrics.Counter filesMade;
    final Metrics.Counter makingNanos;
    final Metrics.Counter sourcesOpened;
    final Metrics.Counter sourcesEvicted;
    private final Metrics metrics;

    SymbolCounters(Metrics metrics) {
        this.metrics = metrics;
        named = lookups(metrics, "named");
        nameless = lookups(metrics, "nameless");
        refused = lookups(metrics, "refused");
        later = lookups(metrics, "later");
        filesMade =
                metrics.counter(
                        "emberscope_symbolizer_files_made_total", "Symbol files made of a binary.");
        makingNanos =
                metrics.counter(
                        "emberscope_symbolizer_making_nanoseconds_total",
                        "Time spent on making symbol files.");
        sourcesOpened =
                metrics.counter(
                        "emberscope_symbolizer_sources_opened_total", "Binaries opened as files.");
        sourcesEvicted =
                metrics.counter(
                        "emberscope_symbolizer_sources_evicted_total",
                        "Binaries closed to keep within the limit of open files.");
        for (RefusalReason reason : RefusalReason.values()) {
            refusal(reason); // so that it is shown before it first happens
        }
    }

    Metrics.Counter refusal(RefusalReason reason) {
        return metrics.counter(
                "emberscope_symbolizer_refusals_total",
                "Attempts to read the functions of a binary that failed.",
                "reason",
                reason.label());
    }

    private static Metrics.Counter lookups(Metrics metrics, String result) {
        return metrics.counter(
                "emberscope_symbolizer_lookups_total",
                "Places in binaries for which a name was asked.",
                "result",
                result);
    }
}
