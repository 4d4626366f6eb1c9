package io.emberscope.bpf;

/// The kernel's clocks, in nanoseconds, read by `clock_gettime`.
public enum KernelClock {
    /// CLOCK_MONOTONIC, the clock of samples and of the side band: stands still while the machine
    /// sleeps.
    MONOTONIC(1),

    /// CLOCK_BOOTTIME, the clock of process starts: goes on while the machine sleeps.
    BOOT(7);

    private final int id;

    KernelClock(int id) {
        this.id = id;
    }

    /// The time now.
    ///
    /// @throws BpfException if the native library cannot be loaded
    @SuppressWarnings("UnsafeFinalization") // an enum constant is never finalized
    public long nanos() throws BpfException {
        NativeLibrary.load();
        return Natives.clockNanos(id);
    }
}
