package io.emberscope.bpf;

/// What the kernel tells about the sampler's program.
///
/// @param runs times it ran since it was loaded, while the sysctl `kernel.bpf_stats_enabled` was 1
/// @param runNanos time these runs took
/// @param recursionMisses times it was skipped because another BPF program was at work on that CPU
/// @param verifiedInstructions instructions the verifier walked through to accept it, of at most a
///   million; 0 before Linux 5.16
/// @param memoryBytes memory its maps hold, the ring included
public record ProgramStats(
        long runs,
        long runNanos,
        long recursionMisses,
        long verifiedInstructions,
        long memoryBytes) {}
