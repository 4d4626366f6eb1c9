package io.emberscope.collector.aggregate;

import io.emberscope.collector.primitive.Hash;
import java.util.Arrays;

/// The sums of a window: CPU time by series and stack.
final class CellTable {
    private long[] keys = new long[512];
    private long[] nanos = new long[512];
    private int[] slots = new int[1024];
    private int size;

    void add(int series, int stack, long weightNanos) {
        long key = (long) series << 32 | stack;
        int mask = slots.length - 1;
        int i = Hash.of(key) & mask;
        for (int found = slots[i]; found != 0; found = slots[i]) {
            if (keys[found - 1] == key) {
                nanos[found - 1] += weightNanos;
                return;
            }
            i = (i + 1) & mask;
        }
        insert(i, key, weightNanos);
    }

    int size() {
        return size;
    }

    int series(int cell) {
        return (int) (keys[cell] >>> 32);
    }

    int stack(int cell) {
        return (int) keys[cell];
    }

    long nanos(int cell) {
        return nanos[cell];
    }

    private void insert(int slot, long key, long weightNanos) {
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, size * 2);
            nanos = Arrays.copyOf(nanos, size * 2);
        }
        keys[size] = key;
        nanos[size] = weightNanos;
        slots[slot] = ++size;
        if (size * 2 > slots.length) {
            grow();
        }
    }

    private void grow() {
        slots = new int[slots.length * 2];
        int mask = slots.length - 1;
        for (int cell = 0; cell < size; cell++) {
            int i = Hash.of(keys[cell]) & mask;
            while (slots[i] != 0) {
                i = (i + 1) & mask;
            }
            slots[i] = cell + 1;
        }
    }
}
