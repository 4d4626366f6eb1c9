package io.emberscope.bpf;

/// The perf event that makes the sampler look.
public enum EventKind {
    /// The kernel's own timer, one per CPU: there on every machine. A sample stands for exactly one
    /// period of CPU time.
    CPU_CLOCK,

    /// The CPU's cycle counter; it interrupts also where interrupts are masked, so it sees more of
    /// the kernel. Needs a hardware counter, which most virtual machines lack. **Untested**: no
    /// machine we test on has one. The clock speed is measured once while the sampler opens, and a
    /// sample stands for the time its cycles take at that speed.
    CPU_CYCLES
}
