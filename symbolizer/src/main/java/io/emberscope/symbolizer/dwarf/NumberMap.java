package io.emberscope.symbolizer.dwarf;

/// From long to int, for numbers that are not negative; open hashing. When it is full, it forgets
/// everything: it is for what can be found again.
final class NumberMap {
    static final int NOTHING = Integer.MIN_VALUE;

    private static final int FIRST_SLOTS = 64;

    private final int sizeMax;
    private long[] keys = new long[FIRST_SLOTS]; // + 1, so that 0 is nothing
    private int[] values = new int[FIRST_SLOTS];
    private int size;

    /// @param sizeMax most that it holds
    NumberMap(int sizeMax) {
        this.sizeMax = sizeMax;
    }

    private int slotOf(long key) {
        int mask = keys.length - 1;
        int slot = (int) ((key * 0x9e37_79b9_7f4a_7c15L) >>> 32) & mask;
        while (keys[slot] != 0 && keys[slot] != key + 1) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /// What belongs to a key; [#NOTHING] if nothing is known.
    int get(long key) {
        int slot = slotOf(key);
        return keys[slot] == 0 ? NOTHING : values[slot];
    }

    /// Notes what belongs to a key.
    void put(long key, int value) {
        int slot = slotOf(key);
        if (keys[slot] == 0) {
            if (size == sizeMax) {
                clear();
            } else if (size * 2 >= keys.length) {
                grow();
            }
            slot = slotOf(key);
            keys[slot] = key + 1;
            size++;
        }
        values[slot] = value;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new int[oldKeys.length * 2];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int slot = slotOf(oldKeys[i] - 1);
                keys[slot] = oldKeys[i];
                values[slot] = oldValues[i];
            }
        }
    }

    /// Forgets everything.
    void clear() {
        if (size == 0) {
            return;
        }
        if (keys.length > FIRST_SLOTS * 64 || size < keys.length / 16) {
            keys = new long[FIRST_SLOTS];
            values = new int[FIRST_SLOTS];
        } else {
            java.util.Arrays.fill(keys, 0);
        }
        size = 0;
    }
}
