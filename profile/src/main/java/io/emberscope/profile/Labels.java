package io.emberscope.profile;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// An immutable set of label names with a value each, sorted by name. A label with an empty value
/// is the same as no label, as in Prometheus.
public final class Labels {
    /// No labels.
    public static final Labels EMPTY = new Labels(new String[0]);

    /// The service that the samples belong to; every series has it.
    public static final String SERVICE_NAME = "service_name";

    private final String[] pairs;
    private final int hash;

    private Labels(String[] pairs) {
        this.pairs = pairs;
        this.hash = Arrays.hashCode(pairs);
    }

    /// The labels of a map; empty values are left out.
    public static Labels of(Map<String, String> labels) {
        TreeMap<String, String> sorted = new TreeMap<>(labels);
        sorted.values().removeIf(String::isEmpty);
        String[] pairs = new String[sorted.size() * 2];
        int i = 0;
        for (Map.Entry<String, String> label : sorted.entrySet()) {
            pairs[i++] = label.getKey();
            pairs[i++] = label.getValue();
        }
        return new Labels(pairs);
    }

    /// The labels whose names and values are given in turn.
    public static Labels of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("labels: odd count (expected: names and values)");
        }
        TreeMap<String, String> map = new TreeMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return of(map);
    }

    /// The value of a label, or the empty text.
    public String get(String name) {
        int place = find(name);
        return place < 0 ? "" : pairs[place + 1];
    }

    /// These labels with one more, or with another value; an empty value takes the label away.
    public Labels with(String name, String value) {
        int place = find(name);
        if (place < 0) {
            return value.isEmpty() ? this : replaced(-place - 1, 0, name, value);
        }
        return value.isEmpty() ? replaced(place, 2) : replaced(place, 2, name, value);
    }

    /// The labels with so many texts from a place on replaced by others.
    private Labels replaced(int place, int count, String... by) {
        String[] changed = new String[pairs.length - count + by.length];
        System.arraycopy(pairs, 0, changed, 0, place);
        System.arraycopy(by, 0, changed, place, by.length);
        int rest = place + count;
        System.arraycopy(pairs, rest, changed, place + by.length, pairs.length - rest);
        return new Labels(changed);
    }

    /// The place of a name in the pairs, or -1 minus the place where it would be.
    private int find(String name) {
        int low = 0;
        int high = pairs.length / 2 - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = pairs[2 * middle].compareTo(name);
            if (order == 0) {
                return 2 * middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -2 * low - 1;
    }

    /// How many labels there are.
    public int size() {
        return pairs.length / 2;
    }

    /// The names, sorted.
    public List<String> names() {
        String[] names = new String[size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = pairs[2 * i];
        }
        return List.of(names);
    }

    /// Calls the action with each name and value, in the order of the names.
    public void forEach(BiConsumer<String, String> action) {
        for (int i = 0; i < pairs.length; i += 2) {
            action.accept(pairs[i], pairs[i + 1]);
        }
    }

    /// Adds all names and values to a hash, in order, after their number.
    ContentHash addTo(ContentHash content) {
        content.add(size());
        for (String text : pairs) {
            content.add(text);
        }
        return content;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Labels labels && Arrays.equals(pairs, labels.pairs);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /// The labels as a selector that matches them: `{a="1",b="2"}`.
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder("{");
        forEach(
                (name, value) -> {
                    if (out.length() > 1) {
                        out.append(',');
                    }
                    out.append(name).append("=\"");
                    out.append(
                            value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
                    out.append('"');
                });
        return out.append('}').toString();
    }
}
