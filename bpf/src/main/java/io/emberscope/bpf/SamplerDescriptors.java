package io.emberscope.bpf;

import java.util.List;

/// File descriptors of a loaded sampler, for a process that may not load BPF itself. They belong to
/// whoever holds this; [Sampler#adopt] takes them over.
///
/// @param program the BPF program
/// @param ring the map it writes samples to
/// @param state the map with its counters
/// @param cpus the CPUs that have an event
/// @param events the perf event of each of `cpus`
/// @param links what ties the program to each event, or -1 where the kernel has no such links
public record SamplerDescriptors(
        int program,
        int ring,
        int state,
        List<Integer> cpus,
        List<Integer> events,
        List<Integer> links) {
    public SamplerDescriptors {
        cpus = List.copyOf(cpus);
        events = List.copyOf(events);
        links = List.copyOf(links);
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
