package io.emberscope.collector.primitive;

/// Mixes numbers so that tables of a power of two spread them.
///
/// The multiplier is what `main` drew and put into the system property [#SEED]: whoever chooses
/// addresses or process ids cannot aim for one slot. In tests it is always the same.
public final class Hash {
    /// Name of the system property with a number nobody can guess.
    public static final String SEED = "emberscope.hash.seed";

    private static final long MULTIPLIER =
            (0x9e37_79b9_7f4a_7c15L * (2 * Long.getLong(SEED, 0) + 1)) | 1;

    private Hash() {}

    /// A hash of one number.
    public static int of(long value) {
        long mixed = (value ^ (value >>> 32)) * MULTIPLIER;
        mixed ^= mixed >>> 29;
        mixed *= 0xbf58_476d_1ce4_e5b9L;
        return (int) (mixed >>> 32);
    }

    /// A hash of two numbers.
    public static int of(long first, long second) {
        return of(first * 31 + of(second));
    }

    /// A hash of a range of whole numbers, in order.
    public static int of(int[] values, int from, int length) {
        long hash = length;
        for (int i = from; i < from + length; i++) {
            hash = (hash ^ values[i]) * 0x9e37_79b9_7f4a_7c15L;
            hash ^= hash >>> 32;
        }
        return of(hash);
    }
}
