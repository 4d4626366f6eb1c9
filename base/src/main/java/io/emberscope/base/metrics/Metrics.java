package io.emberscope.base.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/// The counters and gauges of one process. [#text] writes them in the Prometheus text exposition
/// format, version 0.0.4. Safe for use by several threads.
///
/// It exists because the agent must stay small; a histogram or a summary is not offered.
public final class Metrics {
    private enum Kind {
        COUNTER,
        GAUGE
    }

    private record Family(Kind kind, String help, Map<String, DoubleSupplier> series) {}

    private static final int SERIES_MAX = 10_000;

    private final Map<String, Family> families = new TreeMap<>();

    /// The counter of that name and labels, made on first use.
    ///
    /// @param name snake_case, unit last, ending in `_total`
    /// @param help one sentence
    /// @param labels names and values in turn
    public Counter counter(String name, String help, String... labels) {
        synchronized (families) {
            DoubleSupplier found =
                    family(Kind.COUNTER, name, help)
                            .computeIfAbsent(labelText(labels), _ -> new Counter());
            return (Counter) found;
        }
    }

    /// Registers a gauge whose value is asked for at every scrape; replaces an earlier one of the
    /// same name and labels.
    ///
    /// @param value must not block
    public void gauge(String name, String help, DoubleSupplier value, String... labels) {
        synchronized (families) {
            family(Kind.GAUGE, name, help).put(labelText(labels), value);
        }
    }

    /// Registers a counter that something else keeps, as the kernel does.
    ///
    /// @param value never decreases; must not block
    public void counterFrom(String name, String help, DoubleSupplier value, String... labels) {
        synchronized (families) {
            family(Kind.COUNTER, name, help).put(labelText(labels), value);
        }
    }

    /// All values, as Prometheus text.
    public String text() {
        Map<String, Family> copy = new TreeMap<>();
        synchronized (families) {
            families.forEach(
                    (name, family) ->
                            copy.put(
                                    name,
                                    new Family(
                                            family.kind,
                                            family.help,
                                            new TreeMap<>(family.series))));
        }
        StringBuilder out = new StringBuilder(4096);
        copy.forEach(
                (name, family) -> {
                    out.append("# HELP ").append(name).append(' ').append(family.help).append('\n');
                    out.append("# TYPE ").append(name);
                    out.append(family.kind == Kind.COUNTER ? " counter\n" : " gauge\n");
                    family.series.forEach(
                            (labels, value) -> {
                                out.append(name).append(labels).append(' ');
                                append(out, value.getAsDouble());
                                out.append('\n');
                            });
                });
        return out.toString();
    }

    private Map<String, DoubleSupplier> family(Kind kind, String name, String help) {
        Family family =
                families.computeIfAbsent(name, _ -> new Family(kind, help, new TreeMap<>()));
        if (family.kind != kind) {
            throw new IllegalArgumentException(name + ": registered as " + family.kind);
        }
        if (family.series.size() >= SERIES_MAX) {
            throw new IllegalStateException(name + ": more than " + SERIES_MAX + " series");
        }
        return family.series;
    }

    private static String labelText(String... labels) {
        if (labels.length % 2 != 0) {
            throw new IllegalArgumentException("labels: odd count (expected: names and values)");
        }
        if (labels.length == 0) {
            return "";
        }
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < labels.length; i += 2) {
            String value =
                    labels[i + 1].replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
            pairs.add(labels[i] + "=\"" + value + '"');
        }
        return "{" + String.join(",", pairs) + "}";
    }

    private static void append(StringBuilder out, double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            out.append((long) value);
        } else {
            out.append(value);
        }
    }

    /// A number that only grows.
    public static final class Counter implements DoubleSupplier {
        private final LongAdder sum = new LongAdder();

        private Counter() {}

        /// Adds one.
        public void increment() {
            sum.increment();
        }

        /// Adds `amount`, which must not be negative.
        public void add(long amount) {
            sum.add(amount);
        }

        /// The sum so far.
        public long value() {
            return sum.sum();
        }

        @Override
        public double getAsDouble() {
            return sum.sum();
        }
    }
}
