package io.emberscope.profile.intern;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Objects;

/// Numbers distinct sequences of ints from 0 in the order of their first appearance.
///
/// The hash is SipHash-1-3 under a key drawn once per process: the content comes from strangers,
/// who must not be able to aim for one bucket. No result depends on the key. Not safe for use by
/// several threads.
public final class IntSequences {
    // Drawn here and not handed in, because nothing but the place in the hash table depends on it.
    private static final long KEY_0;
    private static final long KEY_1;

    static {
        SecureRandom random = new SecureRandom();
        KEY_0 = random.nextLong();
        KEY_1 = random.nextLong();
    }

    private int[][] sequences = new int[16][];
    private int[] hashes = new int[16];
    // Number + 1 of the sequence in each place, or 0; never more than half full.
    private int[] slots = new int[32];
    private int size;

    /// An empty table.
    public IntSequences() {}

    /// The number of a sequence, which is new (the size before the call) if the sequence is. The
    /// ints are copied if it is new.
    public int add(int[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        int hash = hash(source, offset, length);
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0) {
            int number = slots[slot] - 1;
            if (hashes[number] == hash && same(sequences[number], source, offset, length)) {
                return number;
            }
            slot = (slot + 1) & mask;
        }
        slots[slot] = size + 1;
        append(Arrays.copyOfRange(source, offset, offset + length), hash);
        return size - 1;
    }

    /// As [#add(int\[\], int, int)] with all of the ints.
    public int add(int... sequence) {
        return add(sequence, 0, sequence.length);
    }

    /// How many distinct sequences there are.
    public int size() {
        return size;
    }

    /// The sequence with that number: the table's own array, not to be changed.
    public int[] get(int number) {
        return sequences[Objects.checkIndex(number, size)];
    }

    /// Forgets all sequences; costs what is in the table now, not what once was.
    public void clear() {
        if (size > slots.length / 16) {
            Arrays.fill(slots, 0);
        } else {
            int mask = slots.length - 1;
            for (int number = 0; number < size; number++) {
                int slot = hashes[number] & mask;
                while (slots[slot] != number + 1) {
                    slot = (slot + 1) & mask;
                }
                slots[slot] = 0;
            }
        }
        Arrays.fill(sequences, 0, size, null);
        size = 0;
    }

    private void append(int[] sequence, int hash) {
        if (sequences.length == size) {
            sequences = Arrays.copyOf(sequences, size * 2);
            hashes = Arrays.copyOf(hashes, size * 2);
        }
        sequences[size] = sequence;
        hashes[size] = hash;
        size++;
        if (size > slots.length / 2) {
            rehash();
        }
    }

    private void rehash() {
        int[] larger = new int[slots.length * 2];
        int mask = larger.length - 1;
        for (int number = 0; number < size; number++) {
            int slot = hashes[number] & mask;
            while (larger[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            larger[slot] = number + 1;
        }
        slots = larger;
    }

    private static boolean same(int[] sequence, int[] source, int offset, int length) {
        return Arrays.equals(sequence, 0, sequence.length, source, offset, offset + length);
    }

    private static int hash(int[] source, int offset, int length) {
        long v0 = KEY_0 ^ 0x736f6d6570736575L;
        long v1 = KEY_1 ^ 0x646f72616e646f6dL;
        long v2 = KEY_0 ^ 0x6c7967656e657261L;
        long v3 = KEY_1 ^ 0x7465646279746573L;
        // One round for each pair of ints (the last one may be alone), one for the length, and
        // three to finish.
        int pairs = (length + 1) / 2;
        for (int round = 0; round < pairs + 4; round++) {
            long word = 0;
            if (round < pairs) {
                int at = offset + 2 * round;
                word = source[at] & 0xffff_ffffL;
                if (at + 1 < offset + length) {
                    word |= (long) source[at + 1] << 32;
                }
            } else if (round == pairs) {
                word = length;
            } else if (round == pairs + 1) {
                v2 ^= 0xff;
            }
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
        }
        long hash = v0 ^ v1 ^ v2 ^ v3;
        return (int) (hash ^ hash >>> 32);
    }
}
