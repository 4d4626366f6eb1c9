package io.emberscope.bpf;

/// What looking at the CPUs again led to.
///
/// @param opened CPUs that got an event: new ones, and ones that went away and came back. What ran
///   there since they came was not seen
/// @param closed CPUs whose event was closed because they went offline
/// @param failed CPUs that are online and have no event because the kernel refused it; tried again
///   next time
public record CpuChanges(int opened, int closed, int failed) {}
