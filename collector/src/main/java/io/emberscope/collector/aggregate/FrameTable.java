package io.emberscope.collector.aggregate;

import io.emberscope.collector.primitive.Hash;
import io.emberscope.collector.process.Binary;
import java.util.Arrays;

/// The frames of a window, each once: a binary and a place in it.
final class FrameTable {
    private Binary[] binaries = new Binary[256];
    private long[] places = new long[256];
    private int[] slots = new int[512];
    private int size;

    /// The number of a frame, which is new if it was not seen before.
    int of(Binary binary, long place) {
        int mask = slots.length - 1;
        int i = Hash.of(place, binary.number()) & mask;
        for (int found = slots[i]; found != 0; found = slots[i]) {
            if (places[found - 1] == place && binaries[found - 1] == binary) {
                return found - 1;
            }
            i = (i + 1) & mask;
        }
        return insert(i, binary, place);
    }

    int size() {
        return size;
    }

    Binary binary(int frame) {
        return binaries[frame];
    }

    long place(int frame) {
        return places[frame];
    }

    private int insert(int slot, Binary binary, long place) {
        if (size == binaries.length) {
            binaries = Arrays.copyOf(binaries, size * 2);
            places = Arrays.copyOf(places, size * 2);
        }
        binaries[size] = binary;
        places[size] = place;
        slots[slot] = ++size;
        if (size * 2 > slots.length) {
            grow();
        }
        return size - 1;
    }

    private void grow() {
        slots = new int[slots.length * 2];
        int mask = slots.length - 1;
        for (int frame = 0; frame < size; frame++) {
            int i = Hash.of(places[frame], binaries[frame].number()) & mask;
            while (slots[i] != 0) {
                i = (i + 1) & mask;
            }
            slots[i] = frame + 1;
        }
    }
}
