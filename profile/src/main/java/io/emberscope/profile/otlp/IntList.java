package io.emberscope.profile.otlp;

import java.util.Arrays;

/// A growing list of ints. Its length is bounded by the bytes of the request it is read from.
final class IntList {
    private int[] ints = new int[4];
    private int size;

    void add(int value) {
        if (size == ints.length) {
            ints = Arrays.copyOf(ints, size * 2);
        }
        ints[size++] = value;
    }

    int get(int place) {
        return ints[place];
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    /// A copy of the ints.
    int[] toArray() {
        return Arrays.copyOf(ints, size);
    }
}
