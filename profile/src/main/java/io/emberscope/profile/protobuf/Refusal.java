package io.emberscope.profile.protobuf;

import io.emberscope.base.bytes.MalformedInputException;

/// Makes the exceptions of readers: `field: found (expected: rule)`, the field with the way to it.
public final class Refusal {
    private Refusal() {}

    /// A refusal with a reason.
    public static MalformedInputException of(String field, Object found, String expected) {
        return new MalformedInputException(field + ": " + found + " (expected: " + expected + ")");
    }

    /// The refusal of what was found inside a field.
    public static MalformedInputException in(String field, MalformedInputException inner) {
        return new MalformedInputException(field + '.' + inner.getMessage(), inner);
    }

    /// The refusal of what was found inside an element of a repeated field.
    public static MalformedInputException in(
            String field, int index, MalformedInputException inner) {
        return in(field + '[' + index + ']', inner);
    }

    /// The value as an index into a table of that size.
    public static int index(long value, int size, String field) throws MalformedInputException {
        if (value < 0 || value >= size) {
            throw of(field, value, "< " + size);
        }
        return (int) value;
    }

    /// Refuses a count that is over a limit.
    public static void over(long count, int max, String field) throws MalformedInputException {
        if (count > max) {
            throw of(field, count, "at most " + max);
        }
    }
}
