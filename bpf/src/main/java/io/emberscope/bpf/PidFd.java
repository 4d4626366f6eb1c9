package io.emberscope.bpf;

/// A hold on one process that a reuse of its pid cannot move to another.
public final class PidFd implements AutoCloseable {
    private final NativeHandle handle;

    private PidFd(NativeHandle handle) {
        this.handle = handle;
    }

    /// Takes hold of a process.
    ///
    /// @throws BpfException with errno ESRCH if there is none
    public static PidFd open(int pid) throws BpfException {
        NativeLibrary.load();
        return new PidFd(new NativeHandle(Natives.pidOpen(pid), "pidfd"));
    }

    /// When the process started, in clock ticks since boot, as field 22 of `/proc/PID/stat`: with
    /// the pid it names one process for good, short of a reuse within one tick.
    ///
    /// @throws BpfException with errno ESRCH or ENOENT if there is none
    public static long startTicks(int pid) throws BpfException {
        NativeLibrary.load();
        return Natives.pidStart(pid);
    }

    /// Whether the process has not ended.
    public boolean isAlive() {
        return Natives.pidAlive(handle.value());
    }

    @Override
    public void close() {
        handle.close();
    }
}
