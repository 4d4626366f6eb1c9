package io.emberscope.bpf;

import java.util.List;

/// How the kernel's part comes to run in a thread whose wait is over. `enum wait_end` in
/// `sampler.h` has the same, in this order.
public enum WaitEnd {
    /// At the tracepoint `sched_exit_tp`: Linux 6.16 or later.
    TRACEPOINT,
    /// By an interrupt that the CPU sends itself while it switches to the thread: x86-64, and not
    /// where this interrupt is a thread (PREEMPT_RT).
    INTERRUPT;

    private static final List<WaitEnd> ALL = List.of(values());

    /// The number by which the native library knows it.
    int code() {
        return ALL.indexOf(this);
    }

    /// How many there are.
    static int count() {
        return ALL.size();
    }

    /// Whether this kernel has it.
    ///
    /// @throws BpfException if its BTF cannot be read
    public boolean isHere() throws BpfException {
        NativeLibrary.load();
        return Natives.hasWaitEnd(code());
    }

    /// The first that this kernel has.
    ///
    /// @throws BpfException if it has none, or its BTF cannot be read
    public static WaitEnd best() throws BpfException {
        for (WaitEnd end : ALL) {
            if (end.isHere()) {
                return end;
            }
        }
        throw new BpfException(
                "off-CPU time: this kernel has no way to see that a wait is over (expected: Linux"
                        + " 6.16 or later, or x86-64 without PREEMPT_RT)",
                0);
    }
}
