package io.emberscope.bpf;

/// How to listen to the side band.
///
/// @param ringBytes size of each CPU's ring; a power of two, 4,096 at least. The kernel may allow
///   less, see [SideBand#ringBytes]
public record SideBandOptions(int ringBytes) {
    private static final int RING_BYTES_MIN = 4_096;
    private static final int RING_BYTES_MAX = 1 << 27;

    public SideBandOptions {
        if (Integer.bitCount(ringBytes) != 1
                || ringBytes < RING_BYTES_MIN
                || ringBytes > RING_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "ring: "
                            + ringBytes
                            + " bytes (expected: a power of two, "
                            + RING_BYTES_MIN
                            + ".."
                            + RING_BYTES_MAX
                            + ")");
        }
    }
}
