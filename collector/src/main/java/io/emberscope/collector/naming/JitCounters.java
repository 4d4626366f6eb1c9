package io.emberscope.collector.naming;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.RefusedFileException;
import java.util.Locale;

/// What became of files that tell names of generated code, and of its frames. Safe for use by
/// several threads.
final class JitCounters {
    /// What such a file came to, beside the reasons of [RefusedFileException].
    static final String READ = "read";

    static final String MALFORMED = "malformed";
    static final String STALE = "stale";
    static final String UNREADABLE = "unreadable";

    private final Metrics metrics;
    private final Metrics.Counter named;
    private final Metrics.Counter unnamed;
    private final Metrics.Counter dropped;
    private final Metrics.Counter leftOut;

    JitCounters(Metrics metrics) {
        this.metrics = metrics;
        String frames = "emberscope_collector_jit_frames_total";
        String help = "Frames of windows in code made at run time, by whether it had a name.";
        named = metrics.counter(frames, help, "result", "named");
        unnamed = metrics.counter(frames, help, "result", "unnamed");
        dropped =
                metrics.counter(
                        "emberscope_collector_jit_dropped_processes_total",
                        "Processes whose names of generated code made room for those of others.");
        leftOut =
                metrics.counter(
                        "emberscope_collector_jit_left_out_functions_total",
                        "Functions of generated code not kept as there was no room for them.");
    }

    /// What one file of one process came to, if that is news.
    void file(NamesFile.Format format, String result) {
        metrics.counter(
                        "emberscope_collector_jit_files_total",
                        "Perf map and jitdump files of processes, by what became of them.",
                        "format",
                        format.name().toLowerCase(Locale.ROOT),
                        "result",
                        result)
                .increment();
    }

    /// The name of a reason.
    static String result(RefusedFileException.Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    void frames(int withName, int without) {
        named.add(withName);
        unnamed.add(without);
    }

    void processDropped() {
        dropped.increment();
    }

    void functionsLeftOut(long count) {
        leftOut.add(count);
    }
}
