package io.emberscope.bpf;

/// How to sample.
///
/// @param frequencyHz samples per second of CPU time, 1..10,000
/// @param event what makes the sampler look
/// @param ringBytes size of the ring buffer all CPUs share; a power of two, 4,096 at least. A
///   sample takes 80 bytes and 8 more per frame, and at most 173,288
/// @param wakeupBytes [Sampler#await] returns early once this much is waiting in the ring
/// @param cgroups where cgroup ids come from
/// @param unwinding how user stacks are walked
public record SamplerOptions(
        int frequencyHz,
        EventKind event,
        int ringBytes,
        int wakeupBytes,
        CgroupSource cgroups,
        Unwinding unwinding) {
    /// How user stacks are walked.
    public enum Unwinding {
        /// By the kernel, which follows frame pointers.
        FRAME_POINTERS,
        /// By tables from [UnwindMemory], driven by `bpf_loop` (Linux 5.17 or later). x86-64 only.
        TABLES,
        /// The same, driven by a loop that the verifier follows to its end, for older kernels.
        TABLES_BOUNDED;

        boolean hasTables() {
            return this != FRAME_POINTERS;
        }

        String object() {
            // What uses least of the kernel, unless more is asked for.
            return this == TABLES ? "sampler.bpf.o" : "sampler-bounded.bpf.o";
        }

        /// The object that samples waits.
        String waitsObject() {
            return this == TABLES ? "off_cpu.bpf.o" : "off_cpu-bounded.bpf.o";
        }
    }

    private static final int FREQUENCY_HZ_MAX = 10_000;
    private static final int RING_BYTES_MAX = 1 << 29;

    public SamplerOptions {
        if (frequencyHz < 1 || frequencyHz > FREQUENCY_HZ_MAX) {
            throw new IllegalArgumentException(
                    "frequency: " + frequencyHz + " Hz (expected: 1.." + FREQUENCY_HZ_MAX + ")");
        }
        RingBytes.check(ringBytes, RING_BYTES_MAX);
        if (wakeupBytes < 1 || wakeupBytes > ringBytes) {
            throw new IllegalArgumentException(
                    "wakeup: " + wakeupBytes + " bytes (expected: 1.." + ringBytes + ")");
        }
    }

    /// Samples of the CPU clock with ids of the v2 hierarchy and stacks by frame pointers; wakes
    /// when the ring is a quarter full.
    public SamplerOptions(int frequencyHz, EventKind event, int ringBytes) {
        this(
                frequencyHz,
                event,
                ringBytes,
                ringBytes / 4,
                CgroupSource.UNIFIED,
                Unwinding.FRAME_POINTERS);
    }

    /// The same with other cgroup ids.
    public SamplerOptions with(CgroupSource source) {
        return new SamplerOptions(frequencyHz, event, ringBytes, wakeupBytes, source, unwinding);
    }

    /// The same with user stacks walked in another way.
    public SamplerOptions with(Unwinding other) {
        return new SamplerOptions(frequencyHz, event, ringBytes, wakeupBytes, cgroups, other);
    }

    /// Nanoseconds of CPU time one sample stands for: the period of the event.
    public long weightNanos() {
        return Math.round(1e9 / frequencyHz);
    }
}
