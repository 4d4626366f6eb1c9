package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;

/// Makes messages of refusals: `field: found (expected: rule)`, the field with the way to it.
final class Found {
    static final String DICTIONARY = "dictionary";

    private Found() {}

    /// The refusal of what was found inside an element of a repeated field. What was found in the
    /// dictionary keeps its own place: it is read when it is first used, deep inside a sample.
    static MalformedInputException in(String field, int index, MalformedInputException inner) {
        return in(field + '[' + index + ']', inner);
    }

    /// The refusal of what was found inside a field.
    static MalformedInputException in(String field, MalformedInputException inner) {
        String message = String.valueOf(inner.getMessage());
        return message.startsWith(DICTIONARY)
                ? inner
                : new MalformedInputException(field + '.' + message, inner);
    }

    /// A refusal with a reason.
    static MalformedInputException refusal(String field, Object found, String expected) {
        return new MalformedInputException(field + ": " + found + " (expected: " + expected + ")");
    }

    /// The value as an index into a table of that size.
    static int index(long value, int size, String field) throws MalformedInputException {
        if (value < 0 || value >= size) {
            throw refusal(field, value, "< " + size);
        }
        return (int) value;
    }

    /// Refuses a count that is over a limit.
    static void count(long count, int max, String field) throws MalformedInputException {
        if (count > max) {
            throw refusal(field, count, "at most " + max);
        }
    }
}
