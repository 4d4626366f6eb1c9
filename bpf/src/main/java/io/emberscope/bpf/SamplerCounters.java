package io.emberscope.bpf;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/// What became of the sampler's hits so far. Once the sampler is stopped and drained, `hits ==
/// delivered + all drops`, and the same for nanoseconds; while it runs, the difference is what
/// waits in the ring.
///
/// @param hits times the program ran for a thread that is not idle, or that had waited
/// @param hitNanos time these hits stand for: of the CPU, or of waiting
/// @param delivered samples handed to a handler
/// @param deliveredNanos time these samples stand for
/// @param drops what was lost, by reason; every reason is present, those not given as none
/// @param throttles times the kernel stopped an event for being too frequent; what runs meanwhile
///   is no hit and is not seen. -1 if the kernel did not let us watch for it
/// @param busyNanos CPU time that taking these samples took
/// @param notDeferred user stacks that were cut where they are not in memory, since too many
///   samples were left to their threads already, or too many of that process
public record SamplerCounters(
        long hits,
        long hitNanos,
        long delivered,
        long deliveredNanos,
        Map<DropReason, Drops> drops,
        long throttles,
        long busyNanos,
        long notDeferred) {
    /// Hits lost for one reason.
    ///
    /// @param samples how many
    /// @param nanos time they stand for
    public record Drops(long samples, long nanos) {}

    public SamplerCounters {
        Map<DropReason, Drops> complete = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            complete.put(reason, drops.getOrDefault(reason, new Drops(0, 0)));
        }
        drops = Collections.unmodifiableMap(complete);
    }

    /// What was lost, or left out, for one reason.
    public Drops dropped(DropReason reason) {
        return drops.getOrDefault(reason, new Drops(0, 0));
    }

    /// Hits lost, for whatever reason.
    public long dropped() {
        return drops.values().stream().mapToLong(Drops::samples).sum();
    }

    /// Time of the hits that were lost, for whatever reason.
    public long droppedNanos() {
        return drops.values().stream().mapToLong(Drops::nanos).sum();
    }
}
