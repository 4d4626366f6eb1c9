package io.emberscope.symbolizer.dwarf;

/// From long to int, for numbers that are not negative. It is for what can be found again: a number
/// for which there is no room near its place takes the place of another, so that nobody can choose
/// numbers that make it slow, and it has a largest size.
final class NumberMap {
    static final int NOTHING = Integer.MIN_VALUE;

    private static final int FIRST_SLOTS = 64;
    private static final int KEPT_SLOTS = 4096;
    private static final int PROBES = 16;

    private final int slotsMax;
    private long[] keys = new long[FIRST_SLOTS]; // + 1, so that 0 is nothing
    private int[] values = new int[FIRST_SLOTS];
    private int size;

    /// @param slotsMax most that it holds; a power of two
    NumberMap(int slotsMax) {
        this.slotsMax = slotsMax;
    }

    private int firstSlotOf(long key) {
        return (int) ((key * 0x9e37_79b9_7f4a_7c15L) >>> 32) & (keys.length - 1);
    }

    /// Where a key is, or the first free slot near its place, or -1 if there is none.
    private int slotOf(long key) {
        int mask = keys.length - 1;
        int slot = firstSlotOf(key);
        for (int i = 0; i < PROBES; i++) {
            if (keys[slot] == 0 || keys[slot] == key + 1) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
        return -1;
    }

    /// What belongs to a key; [#NOTHING] if nothing is known.
    int get(long key) {
        int slot = slotOf(key);
        return slot < 0 || keys[slot] == 0 ? NOTHING : values[slot];
    }

    /// Notes what belongs to a key.
    void put(long key, int value) {
        if (size * 2 >= keys.length && keys.length < slotsMax) {
            grow();
        }
        set(key + 1, value);
    }

    private void set(long keyPlusOne, int value) {
        int slot = slotOf(keyPlusOne - 1);
        if (slot < 0) {
            slot = firstSlotOf(keyPlusOne - 1);
        } else if (keys[slot] == 0) {
            size++;
        }
        keys[slot] = keyPlusOne;
        values[slot] = value;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new int[oldKeys.length * 2];
        size = 0;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                set(oldKeys[i], oldValues[i]);
            }
        }
    }

    /// Forgets everything.
    void clear() {
        if (size == 0) {
            return;
        }
        if (keys.length > KEPT_SLOTS) {
            keys = new long[FIRST_SLOTS];
            values = new int[FIRST_SLOTS];
        } else {
            java.util.Arrays.fill(keys, 0);
        }
        size = 0;
    }
}
