package io.emberscope.profile.intern;

import java.util.Arrays;
import java.util.Objects;

/// A growing list of ints. Not safe for use by several threads.
public final class IntList {
    private int[] ints = new int[4];
    private int size;

    /// An empty list.
    public IntList() {}

    /// Adds one at the end.
    public void add(int value) {
        if (size == ints.length) {
            ints = Arrays.copyOf(ints, size * 2);
        }
        ints[size++] = value;
    }

    /// The one at a place.
    public int get(int place) {
        return ints[Objects.checkIndex(place, size)];
    }

    /// How many there are.
    public int size() {
        return size;
    }

    /// Takes all away.
    public void clear() {
        size = 0;
    }

    /// A copy of the ints.
    public int[] toArray() {
        return Arrays.copyOf(ints, size);
    }
}
