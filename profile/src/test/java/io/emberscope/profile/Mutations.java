package io.emberscope.profile;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Damage to bytes, the same for the same seed: flipped, replaced, copied, inserted and lost ones,
/// and numbers at the edges of what a varint can say.
public final class Mutations {
    private static final int CHANGES_MAX = 6;
    private static final byte[][] EDGES = {
        {0},
        {1},
        {0x7f},
        {(byte) 0x80, 1},
        {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7},
        {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
        {-1, -1, -1, -1, -1, -1, -1, -1, 0x7f},
        {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
    };

    private Mutations() {}

    /// One of the seeds, damaged.
    public static byte[] of(List<byte[]> seeds, Random random) {
        byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
        for (int i = random.nextInt(1, CHANGES_MAX + 1); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
                case 3 -> bytes = spliced(bytes, at, EDGES[random.nextInt(EDGES.length)], random);
                case 4 -> {
                    byte[] other = seeds.get(random.nextInt(seeds.size()));
                    int from = random.nextInt(other.length);
                    int length = random.nextInt(Math.min(64, other.length - from) + 1);
                    bytes =
                            spliced(
                                    bytes,
                                    at,
                                    Arrays.copyOfRange(other, from, from + length),
                                    random);
                }
                default -> bytes = spliced(bytes, at, new byte[0], random);
            }
        }
        return bytes;
    }

    /// Puts bytes at a place, in the stead of some or in between.
    private static byte[] spliced(byte[] bytes, int at, byte[] put, Random random) {
        int lost = random.nextBoolean() ? put.length : random.nextInt(8);
        int rest = Math.min(bytes.length, at + lost);
        byte[] result = new byte[at + put.length + bytes.length - rest];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(put, 0, result, at, put.length);
        System.arraycopy(bytes, rest, result, at + put.length, bytes.length - rest);
        return result;
    }
}
