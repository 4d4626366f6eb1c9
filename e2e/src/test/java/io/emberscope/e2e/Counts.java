package io.emberscope.e2e;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Metrics in Prometheus text form, as numbers by name with labels.
record Counts(Map<String, Double> byName) {
    private static final Pattern SAMPLE =
            Pattern.compile("(?m)^([a-z_]+(?:\\{.*})?) ([0-9.eE+-]+)$");

    static Counts parse(String text) {
        Map<String, Double> byName = new TreeMap<>();
        Matcher sample = SAMPLE.matcher(text);
        while (sample.find()) {
            byName.put(sample.group(1), Double.parseDouble(sample.group(2)));
        }
        return new Counts(byName);
    }

    /// The sum over all series of that name.
    long sum(String name) {
        double sum = 0;
        for (Map.Entry<String, Double> sample : byName.entrySet()) {
            if (sample.getKey().equals(name) || sample.getKey().startsWith(name + "{")) {
                sum += sample.getValue();
            }
        }
        return Math.round(sum);
    }
}
