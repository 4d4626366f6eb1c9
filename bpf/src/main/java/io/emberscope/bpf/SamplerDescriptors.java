package io.emberscope.bpf;

import java.util.List;

/// File descriptors of a loaded sampler, for a process that may not load BPF itself. They belong to
/// whoever holds this; [Sampler#adopt] takes them over.
///
/// @param program the BPF program
/// @param ring the map it writes samples to
/// @param state the map with its counters
/// @param unwind the three maps of [UnwindMemory], or -1 for each if there is none
/// @param rules the two maps that [Sampler#choose] writes to
/// @param deferred the map of samples that wait for a part of their stack, or -1 if there is none
/// @param cpus the CPUs that have an event
/// @param events the perf event of each of `cpus`
/// @param links what ties the program to each event, or -1 where the kernel has no such links
public record SamplerDescriptors(
        int program,
        int ring,
        int state,
        List<Integer> unwind,
        List<Integer> rules,
        int deferred,
        List<Integer> cpus,
        List<Integer> events,
        List<Integer> links) {
    public SamplerDescriptors {
        unwind = List.copyOf(unwind);
        rules = List.copyOf(rules);
        cpus = List.copyOf(cpus);
        events = List.copyOf(events);
        links = List.copyOf(links);
        if (unwind.size() != 3) {
            throw new IllegalArgumentException(
                    "descriptors: " + unwind.size() + " of unwinding (expected: 3)");
        }
        if (rules.size() != 2) {
            throw new IllegalArgumentException(
                    "descriptors: " + rules.size() + " of rules (expected: 2)");
        }
        if (cpus.size() != events.size() || cpus.size() != links.size()) {
            throw new IllegalArgumentException(
                    "descriptors: "
                            + cpus.size()
                            + " CPUs, "
                            + events.size()
                            + " events, "
                            + links.size()
                            + " links (expected: as many of each)");
        }
    }
}
