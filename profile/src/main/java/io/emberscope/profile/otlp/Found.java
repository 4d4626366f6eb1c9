package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.protobuf.Refusal;

/// Leads messages of refusals out of the nested parts of a request. What was found in the
/// dictionary keeps its own place: it is read when it is first used, deep inside a sample.
final class Found {
    static final String DICTIONARY = "dictionary";

    private Found() {}

    /// The refusal of what was found inside an element of a repeated field.
    static MalformedInputException in(String field, int index, MalformedInputException inner) {
        return in(field + '[' + index + ']', inner);
    }

    /// The refusal of what was found inside a field.
    static MalformedInputException in(String field, MalformedInputException inner) {
        boolean placed = String.valueOf(inner.getMessage()).startsWith(DICTIONARY);
        return placed ? inner : Refusal.in(field, inner);
    }
}
