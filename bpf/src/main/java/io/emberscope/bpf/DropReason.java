package io.emberscope.bpf;

/// Why a hit of the sampler did not become a delivered sample. Each hit that is lost has one.
public enum DropReason {
    /// The ring buffer had no room: the consumer is too slow or stopped.
    RING_FULL,
    /// The ring buffer was locked by another CPU while this one could not wait (hardware events
    /// interrupt even the lock's holder).
    RING_BUSY,
    /// A record in the ring did not have the agreed layout. Counted by the binding, not the kernel.
    UNREADABLE
}
