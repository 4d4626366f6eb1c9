package io.emberscope.bpf;

/// Why a hit of the sampler did not become a delivered sample. Each that did not has one.
public enum DropReason {
    /// The ring buffer had no room: the consumer is too slow or stopped.
    RING_FULL,
    /// The ring buffer was locked by another CPU while this one could not wait (hardware events
    /// interrupt even the lock's holder).
    RING_BUSY,
    /// More threads waited than the kernel's table has room for. How long they did is not known.
    NO_ROOM,
    /// The end of a wait was not seen, or not before its thread went on ([WaitEnd#INTERRUPT]), as
    /// where the kernel hides a thread from tracing. Its length is not always known.
    UNSEEN,
    /// A part of its stack was not in memory, and its thread had not gone on in user space when
    /// sampling ended.
    ABANDONED,
    /// Left out on purpose: a rule of [SamplingRules] excludes it.
    EXCLUDED,
    /// Left out on purpose: chance decided so. The samples that are kept stand for its time.
    THINNED,
    /// Left out on purpose: a wait shorter than is wanted.
    SHORT,
    /// A record in the ring did not have the agreed layout. Counted by the binding, not the kernel.
    UNREADABLE;

    /// Whether it was left out because [SamplingRules] say so, and is no loss.
    public boolean isWanted() {
        return this == EXCLUDED || this == THINNED || this == SHORT;
    }
}
