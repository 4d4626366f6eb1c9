package io.emberscope.storage.query;

import java.util.Arrays;

/// Numbers 64-bit ids from 0 in the order in which they come; an open-addressing table over a dense
/// list of the ids.
///
/// Ids are content hashes, so their own bits would spread them; a multiplication guards against ids
/// that are not. Not safe for use by several threads.
public final class LongIndex {
    /// Most ids that one index can hold.
    public static final int SIZE_MAX = 1 << 28;

    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;
    private static final int CAPACITY_FIRST = 16;

    private long[] ids = new long[CAPACITY_FIRST / 2];

    /// Number of the id plus one; 0 marks a free slot. Twice as long as `ids`, so half of it at
    /// least is free.
    private int[] slots = new int[CAPACITY_FIRST];

    private int size;

    /// The number of an id, or -1.
    public int find(long id) {
        return slots[slot(id)] - 1;
    }

    /// Gives the id the next number.
    ///
    /// @return its number, or -1 minus the number that it has already
    public int add(long id) {
        int slot = slot(id);
        if (slots[slot] != 0) {
            return -slots[slot];
        }
        if (size == ids.length) {
            grow();
            slot = slot(id);
        }
        ids[size] = id;
        slots[slot] = ++size;
        return size - 1;
    }

    /// How many ids there are.
    public int size() {
        return size;
    }

    /// The id of a number.
    public long id(int number) {
        return ids[number];
    }

    /// Whether the next new id makes the tables grow, to [#grownBytes].
    public boolean isFull() {
        return size == ids.length;
    }

    /// Bytes that the tables hold now.
    public long bytes() {
        return (long) ids.length * (Long.BYTES + 2 * Integer.BYTES);
    }

    /// Bytes that the tables hold after they have grown once.
    public long grownBytes() {
        return 2 * bytes();
    }

    private int slot(long id) {
        int mask = slots.length - 1;
        int slot = (int) ((id * SPREAD) >>> 32) & mask;
        while (slots[slot] != 0 && ids[slots[slot] - 1] != id) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        if (size >= SIZE_MAX) {
            throw new IllegalStateException("index: " + size + " ids (expected: fewer)");
        }
        ids = Arrays.copyOf(ids, ids.length * 2);
        int mask = ids.length * 2 - 1;
        slots = new int[mask + 1];
        for (int i = 0; i < size; i++) {
            int slot = (int) ((ids[i] * SPREAD) >>> 32) & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = i + 1;
        }
    }
}
