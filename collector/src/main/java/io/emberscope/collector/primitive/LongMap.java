package io.emberscope.collector.primitive;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A hash map from numbers to objects: open addressing, linear probing, no object per entry. Not
/// safe for use by several threads.
///
/// It grows without a bound of its own; whoever puts into it keeps one.
///
/// @param <V> what a key leads to
public final class LongMap<V> {
    private static final int CAPACITY_MIN = 16;

    private long[] keys = new long[CAPACITY_MIN];
    private @Nullable Object[] values = new @Nullable Object[CAPACITY_MIN];
    private int size;

    /// What [#forEach] calls.
    ///
    /// @param <V> what a key leads to
    @FunctionalInterface
    public interface Visitor<V> {
        /// Called once for each entry, in no order. Must not change the map.
        void visit(long key, V value);
    }

    /// The value of a key, or null.
    @SuppressWarnings("unchecked")
    public @Nullable V get(long key) {
        int mask = keys.length - 1;
        for (int i = Hash.of(key) & mask; ; i = (i + 1) & mask) {
            Object value = values[i];
            if (value == null || keys[i] == key) {
                return (V) value;
            }
        }
    }

    /// Gives a key a value, replacing the one it had.
    public void put(long key, V value) {
        int mask = keys.length - 1;
        int i = Hash.of(key) & mask;
        while (values[i] != null && keys[i] != key) {
            i = (i + 1) & mask;
        }
        if (values[i] == null) {
            size++;
        }
        keys[i] = key;
        values[i] = value;
        if (size * 2 > keys.length) {
            grow();
        }
    }

    /// Takes a key out. Returns the value it had, or null.
    @SuppressWarnings("unchecked")
    public @Nullable V remove(long key) {
        int mask = keys.length - 1;
        int i = Hash.of(key) & mask;
        while (values[i] != null && keys[i] != key) {
            i = (i + 1) & mask;
        }
        Object removed = values[i];
        if (removed != null) {
            size--;
            closeGap(i, mask);
        }
        return (V) removed;
    }

    /// How many keys there are.
    public int size() {
        return size;
    }

    /// Takes all keys out and keeps the room they had.
    public void clear() {
        Arrays.fill(values, null);
        size = 0;
    }

    /// Calls the visitor with every entry.
    @SuppressWarnings("unchecked")
    public void forEach(Visitor<? super V> visitor) {
        for (int i = 0; i < keys.length; i++) {
            Object value = values[i];
            if (value != null) {
                visitor.visit(keys[i], (V) value);
            }
        }
    }

    /// Moves later entries of the probe sequence back, so that no tombstone is needed.
    private void closeGap(int gap, int mask) {
        int free = gap;
        for (int i = (free + 1) & mask; values[i] != null; i = (i + 1) & mask) {
            int home = Hash.of(keys[i]) & mask;
            if (((i - home) & mask) >= ((i - free) & mask)) {
                keys[free] = keys[i];
                values[free] = values[i];
                free = i;
            }
        }
        values[free] = null;
    }

    private void grow() {
        long[] oldKeys = keys;
        @Nullable Object[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new @Nullable Object[keys.length];
        int mask = keys.length - 1;
        for (int j = 0; j < oldKeys.length; j++) {
            if (oldValues[j] != null) {
                int i = Hash.of(oldKeys[j]) & mask;
                while (values[i] != null) {
                    i = (i + 1) & mask;
                }
                keys[i] = oldKeys[j];
                values[i] = oldValues[j];
            }
        }
    }
}
