package io.emberscope.collector.aggregate;

import io.emberscope.collector.primitive.Hash;
import java.util.Arrays;

/// The stacks of a window, each once: frame numbers, innermost first.
final class StackTable {
    private int[] frames = new int[4096];
    private int frameCount;
    private int[] starts = new int[257];
    private int[] hashes = new int[256];
    private int[] slots = new int[512];
    private int size;

    /// The number of a stack, which is new if it was not seen before.
    ///
    /// @param stack its first `length` numbers are the stack
    int of(int[] stack, int length) {
        int hash = Hash.of(stack, 0, length);
        int mask = slots.length - 1;
        int i = hash & mask;
        for (int found = slots[i]; found != 0; found = slots[i]) {
            if (hashes[found - 1] == hash && equal(found - 1, stack, length)) {
                return found - 1;
            }
            i = (i + 1) & mask;
        }
        return insert(i, hash, stack, length);
    }

    int size() {
        return size;
    }

    /// Frames of all stacks together.
    int frameCount() {
        return frameCount;
    }

    /// Where the frames of a stack start in [#frames]; they end where those of the next start.
    int start(int stack) {
        return starts[stack];
    }

    int[] frames() {
        return frames;
    }

    private boolean equal(int found, int[] stack, int length) {
        return Arrays.equals(frames, starts[found], starts[found + 1], stack, 0, length);
    }

    private int insert(int slot, int hash, int[] stack, int length) {
        if (frameCount + length > frames.length) {
            frames = Arrays.copyOf(frames, Math.max(frames.length * 2, frameCount + length));
        }
        if (size == hashes.length) {
            hashes = Arrays.copyOf(hashes, size * 2);
            starts = Arrays.copyOf(starts, size * 2 + 1);
        }
        System.arraycopy(stack, 0, frames, frameCount, length);
        frameCount += length;
        hashes[size] = hash;
        starts[size + 1] = frameCount;
        slots[slot] = ++size;
        if (size * 2 > slots.length) {
            grow();
        }
        return size - 1;
    }

    private void grow() {
        slots = new int[slots.length * 2];
        int mask = slots.length - 1;
        for (int stack = 0; stack < size; stack++) {
            int i = hashes[stack] & mask;
            while (slots[i] != 0) {
                i = (i + 1) & mask;
            }
            slots[i] = stack + 1;
        }
    }
}
