package io.emberscope.profile.tree;

/// A sum of a profile's values, which stays below 2^63.
final class CheckedSum {
    private long sum;

    /// Adds a value.
    ///
    /// @throws IllegalArgumentException if it is negative or too much
    void add(long value) {
        if (value < 0 || value > Long.MAX_VALUE - sum) {
            throw new IllegalArgumentException(
                    "values: " + value + " (expected: 0 or more, with a sum below 2^63)");
        }
        sum += value;
    }

    long get() {
        return sum;
    }
}
