package io.emberscope.collector.aggregate;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.Names;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Counts the stacks that end before their root, by the binary in which the walk ended and by
/// reason. Nothing is done for stacks that are whole. For one thread.
///
/// The first binaries have counters of their own; what comes after shares counters that say so, as
/// a machine may run any number of programs with names that are never seen again.
public final class CutStacks {
    /// The name of the counters.
    public static final String NAME = "emberscope_collector_cut_stacks_total";

    /// Stands for the binaries that have no counters of their own.
    public static final String OTHERS = "[others]";

    /// Binaries with counters of their own.
    static final int BINARIES_MAX = 100;

    private static final int PATH_LENGTH_MAX = 255;

    private final Metrics metrics;
    private final Map<String, Map<StackEnd, Metrics.Counter>> byPath = new HashMap<>();
    private final Map<StackEnd, Metrics.Counter> others = new EnumMap<>(StackEnd.class);

    public CutStacks(Metrics metrics) {
        this.metrics = metrics;
    }

    /// Counts a stack.
    ///
    /// @param binary of its outermost frame
    void count(Binary binary, StackEnd end) {
        String path = binary.path();
        Map<StackEnd, Metrics.Counter> ends = byPath.get(path);
        if (ends == null && byPath.size() < BINARIES_MAX) {
            ends = new EnumMap<>(StackEnd.class);
            byPath.put(path, ends);
        }
        if (ends == null) {
            others.computeIfAbsent(end, _ -> counter(OTHERS, end)).increment();
        } else {
            ends.computeIfAbsent(end, _ -> counter(label(path), end)).increment();
        }
    }

    private Metrics.Counter counter(String binary, StackEnd end) {
        return metrics.counter(
                NAME,
                "Stacks that end before their root, by the binary in which the walk ended; all"
                        + " after the first "
                        + BINARIES_MAX
                        + " binaries are "
                        + OTHERS
                        + '.',
                "binary",
                binary,
                "end",
                end.name().toLowerCase(Locale.ROOT));
    }

    private static String label(String path) {
        return Names.clean(
                path.length() > PATH_LENGTH_MAX
                        ? path.substring(path.length() - PATH_LENGTH_MAX)
                        : path);
    }
}
