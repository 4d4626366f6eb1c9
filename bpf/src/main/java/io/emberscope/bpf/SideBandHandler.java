package io.emberscope.bpf;

/// Takes what [SideBand#poll] finds. Records of one CPU come in the order of their times; those of
/// several CPUs do not, so whoever needs one order sorts by time.
///
/// Names are bytes because programs choose them: any bytes but zero, not always UTF-8. Arrays are
/// fresh and may be kept. Pids and tids are those of the first pid namespace; times are nanoseconds
/// of CLOCK_MONOTONIC.
public interface SideBandHandler {
    /// Memory was mapped so that it can be executed.
    void mmap(Mapping mapping);

    /// A thread was named: when its process executed a program (`exec`), or at its own wish.
    void comm(long timeNanos, int pid, int tid, byte[] comm, boolean exec);

    /// A thread began: of a new process if `pid` is not `parentPid`.
    void fork(long timeNanos, int pid, int parentPid, int tid, int parentTid);

    /// A thread ended.
    void exit(long timeNanos, int pid, int parentPid, int tid, int parentTid);

    /// A cgroup was made.
    ///
    /// @param id of its directory, as from [Cgroups#idOf]
    /// @param path within its hierarchy
    void cgroup(long timeNanos, long id, byte[] path);

    /// Records of one CPU were lost because its ring was full: what is known of processes must be
    /// read anew.
    ///
    /// @param timeNanos when the kernel could write again; the losses were before
    void lost(long timeNanos, long count);

    /// One executable mapping.
    ///
    /// @param timeNanos when it was made
    /// @param pid process
    /// @param tid thread that made it
    /// @param start first address
    /// @param length bytes
    /// @param fileOffset offset in the file, in bytes
    /// @param buildId GNU build id of the file; empty if the kernel could not read it at once, and
    ///   then the next three say which file it is
    /// @param deviceMajor of the file's device
    /// @param deviceMinor of the file's device
    /// @param inode of the file
    /// @param protection as PROT_READ and so on of `mmap(2)`
    /// @param flags as MAP_PRIVATE and so on of `mmap(2)`
    /// @param fileName as the process sees it; `//anon`, `[vdso]` and the like if it is no file
    record Mapping(
            long timeNanos,
            int pid,
            int tid,
            long start,
            long length,
            long fileOffset,
            byte[] buildId,
            int deviceMajor,
            int deviceMinor,
            long inode,
            int protection,
            int flags,
            byte[] fileName) {}
}
