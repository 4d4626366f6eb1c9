package io.emberscope.storage.query;

import java.util.List;

/// Values of one label.
///
/// @param values sorted, each once
/// @param truncated whether there are more than were asked for
public record LabelValues(List<String> values, boolean truncated) {
    public LabelValues {
        values = List.copyOf(values);
    }
}
