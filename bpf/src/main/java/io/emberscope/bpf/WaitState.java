package io.emberscope.bpf;

/// What a thread was doing while it did not run: its state as the kernel names it
/// (`include/linux/sched.h`), which says what could have ended the wait. `enum wait_state` in
/// `sample.h` has the same, in this order.
public enum WaitState {
    /// Until something happens or a signal comes: sleeps, locks, sockets, pipes.
    INTERRUPTIBLE(1),
    /// Until something happens, whatever signals come: mostly disks and the kernel's own locks.
    UNINTERRUPTIBLE(2),
    /// The same, but for a signal that ends the process: page faults, network file systems.
    KILLABLE(3),
    /// By a signal such as SIGSTOP.
    STOPPED(4),
    /// By a debugger.
    TRACED(5),
    /// In a way that is not one of these, such as frozen.
    OTHER(6);

    private static final WaitState[] ALL = values();

    private final int code;

    WaitState(int code) {
        this.code = code;
    }

    /// How many there are.
    static int count() {
        return ALL.length;
    }

    /// The state with a number, 1 being the first.
    public static WaitState of(int code) {
        return ALL[code - 1];
    }

    /// Its number, 1 for the first.
    public int code() {
        return code;
    }
}
