package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// The labels that attributes of one level (resource, scope, profile, sample) and of the levels
/// around it make. An inner level goes before an outer one. Within a level an attribute that has a
/// label of its own goes before one whose name merely looks like it, and otherwise the first.
final class LabelScope {
    private final IngestLimits limits;
    private final TreeMap<String, String> labels;
    // The labels set at this level, and whether by the attribute that owns the label.
    private final Map<String, Boolean> here = new HashMap<>();

    LabelScope(IngestLimits limits) {
        this.limits = limits;
        this.labels = new TreeMap<>();
    }

    /// A level inside another.
    LabelScope(LabelScope outer) {
        this.limits = outer.limits;
        this.labels = new TreeMap<>(outer.labels);
    }

    /// Adds what an attribute says, if it can be a label (see [AttributeNames#label]).
    void add(String label, String attribute, String value) throws MalformedInputException {
        boolean owner = AttributeNames.known(attribute);
        Boolean before = here.get(label);
        if (value.isEmpty() || (before != null && (before || !owner))) {
            return;
        }
        here.put(label, owner);
        labels.put(label, value);
        Found.count(labels.size(), limits.get(Limit.LABELS), "attributes: labels");
    }

    /// The labels of a series: with a name for its service, if need be.
    Labels series() {
        TreeMap<String, String> all = new TreeMap<>(labels);
        all.putIfAbsent(
                Labels.SERVICE_NAME,
                labels.getOrDefault(AttributeNames.EXECUTABLE, "unknown_service"));
        return Labels.of(all);
    }
}
