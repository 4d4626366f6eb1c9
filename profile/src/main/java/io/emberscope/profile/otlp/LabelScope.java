package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.protobuf.Refusal;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The labels that attributes of one level (resource, scope, profile, sample) and of the levels
/// around it make. An inner level goes before an outer one. Within a level an attribute that has a
/// label of its own goes before one whose name merely looks like it, and otherwise the first.
final class LabelScope {
    private final IngestLimits limits;
    private Labels labels;
    // The labels set at this level, and whether by the attribute that owns the label.
    private final Map<String, Boolean> here = new HashMap<>(2);

    LabelScope(IngestLimits limits) {
        this.limits = limits;
        this.labels = Labels.EMPTY;
    }

    /// A level inside another.
    LabelScope(LabelScope outer) {
        this.limits = outer.limits;
        this.labels = outer.labels;
    }

    /// Adds what an attribute says, if it can be a label (see [AttributeNames#label]).
    void add(String label, String attribute, String value) throws MalformedInputException {
        boolean owner = AttributeNames.known(attribute);
        Boolean before = here.get(label);
        if (value.isEmpty() || (before != null && (before || !owner))) {
            return;
        }
        Refusal.over(label.length(), limits.get(Limit.LABEL_NAME_BYTES), "key: bytes of the label");
        here.put(label, owner);
        labels = checked(labels.with(label, value));
    }

    /// Whether another has the same labels as this one, mostly because neither added any.
    boolean same(@Nullable LabelScope other) {
        return other != null && other.labels.equals(labels);
    }

    /// The labels of a series: with a name for its service, if need be.
    Labels series() throws MalformedInputException {
        if (!labels.get(Labels.SERVICE_NAME).isEmpty()) {
            return labels;
        }
        String executable = labels.get(AttributeNames.EXECUTABLE);
        return checked(
                labels.with(
                        Labels.SERVICE_NAME,
                        executable.isEmpty() ? "unknown_service" : executable));
    }

    private Labels checked(Labels more) throws MalformedInputException {
        Refusal.over(more.size(), limits.get(Limit.LABELS), "attributes: labels");
        return more;
    }
}
