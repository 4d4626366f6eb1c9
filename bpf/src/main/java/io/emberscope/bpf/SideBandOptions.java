package io.emberscope.bpf;

/// How to listen to the side band.
///
/// @param ringBytes size of each CPU's ring; a power of two, 4,096 at least. The kernel may allow
///   less, see [SideBand#ringBytes]
public record SideBandOptions(int ringBytes) {
    private static final int RING_BYTES_MAX = 1 << 27;

    public SideBandOptions {
        RingBytes.check(ringBytes, RING_BYTES_MAX);
    }
}
