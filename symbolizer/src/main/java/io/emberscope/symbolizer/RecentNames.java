package io.emberscope.symbolizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The names read last, so that what a profile shows again and again is not read again and again. A
/// name has one place and is overwritten by the next that belongs there: no lists, no order, a
/// fixed size.
final class RecentNames {
    private static final int SLOT_BITS = 12;

    static final int SLOTS = 1 << SLOT_BITS;

    /// Longer names are not kept, so that hostile ones cannot take more than 4 MiB in all.
    static final int NAME_LENGTH_MAX = 512;

    private final long[] keys = new long[SLOTS];
    private final @Nullable String[] names = new @Nullable String[SLOTS];

    /// @param binary number of the binary, from 1
    /// @param index of the function in it
    @Nullable String get(int binary, int index) {
        long key = key(binary, index);
        int first = slot(key);
        if (keys[first] == key) {
            return names[first];
        }
        int second = first ^ 1;
        return keys[second] == key ? names[second] : null;
    }

    /// Keeps a name that is not kept yet.
    void put(int binary, int index, String name) {
        if (name.length() <= NAME_LENGTH_MAX) {
            long key = key(binary, index);
            int first = slot(key);
            int second = first ^ 1;
            keys[second] = keys[first];
            names[second] = names[first];
            keys[first] = key;
            names[first] = name;
        }
    }

    void clear() {
        Arrays.fill(keys, 0);
        Arrays.fill(names, null);
    }

    private static long key(int binary, int index) {
        return ((long) binary << Integer.SIZE) | index;
    }

    private static int slot(long key) {
        // Fibonacci hashing: neighbours go far apart.
        return (int) ((key * 0x9e37_79b9_7f4a_7c15L) >>> (Long.SIZE - SLOT_BITS));
    }
}
