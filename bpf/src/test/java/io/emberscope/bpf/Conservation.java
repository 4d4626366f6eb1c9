package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

/// The law: each hit is delivered or counted as dropped, in samples and in nanoseconds.
final class Conservation {
    private Conservation() {}

    /// Holds a sampler to it that is stopped and drained.
    static void holds(Sampler sampler) throws BpfException {
        holds(sampler.counters());
    }

    /// The same for one of its counts.
    static void holds(SamplerCounters counters) {
        assertThat(counters.hits()).isPositive();
        assertThat(counters.delivered() + counters.dropped()).isEqualTo(counters.hits());
        assertThat(counters.deliveredNanos() + counters.droppedNanos())
                .isEqualTo(counters.hitNanos());
        assertThat(counters.drops().get(DropReason.UNREADABLE).samples()).isZero();
    }
}
