package io.emberscope.bpf;

/// The rule for the size of a ring that the kernel shares with us.
final class RingBytes {
    /// A page of memory, the least the kernel maps.
    static final int MIN = 4_096;

    private RingBytes() {}

    /// @throws IllegalArgumentException if the size is no power of two in [#MIN]`..max`
    static void check(int bytes, int max) {
        if (Integer.bitCount(bytes) != 1 || bytes < MIN || bytes > max) {
            throw new IllegalArgumentException(
                    "ring: "
                            + bytes
                            + " bytes (expected: a power of two, "
                            + MIN
                            + ".."
                            + max
                            + ")");
        }
    }
}
