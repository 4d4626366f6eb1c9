package io.emberscope.symbolizer;

import io.emberscope.base.metrics.Metrics;

/// What a [SymbolCache] counts.
final class SymbolCounters {
    final Metrics.Counter named;
    final Metrics.Counter nameless;
    final Metrics.Counter refused;
    final Metrics.Counter namesRead;
    final Metrics.Counter tablesBuilt;
    final Metrics.Counter tablesEvicted;
    final Metrics.Counter sourcesOpened;
    final Metrics.Counter sourcesEvicted;
    private final Metrics metrics;

    SymbolCounters(Metrics metrics) {
        this.metrics = metrics;
        named = lookups(metrics, "named");
        nameless = lookups(metrics, "nameless");
        refused = lookups(metrics, "refused");
        namesRead =
                metrics.counter(
                        "emberscope_symbolizer_names_read_total",
                        "Names read from a binary because they were not among the recent ones.");
        tablesBuilt =
                metrics.counter(
                        "emberscope_symbolizer_tables_built_total",
                        "Function tables built from a binary.");
        tablesEvicted =
                metrics.counter(
                        "emberscope_symbolizer_tables_evicted_total",
                        "Function tables dropped to keep within the memory limit.");
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
