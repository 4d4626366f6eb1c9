package io.emberscope.bpf;

/// The native library's functions. [NativeLibrary#load] must have returned before any is called.
///
/// A `handle` is one that an `open` function returned. Each function throws an
/// [IllegalStateException] if it is closed meanwhile.
final class Natives {
    private Natives() {}

    /// Sizes and offsets of the structs both sides know, in the order of `layout` in `natives.c`.
    static native int[] layout();

    static native long samplerOpen(
            byte[] object,
            boolean cycles,
            long weightNanos,
            int ringBytes,
            int wakeupBytes,
            int cgroupSource,
            boolean unwind,
            long[] choosing,
            long[] rules)
            throws BpfException;

    static native long samplerAdopt(
            int[] programAndMaps,
            int[] cpus,
            int[] events,
            int[] links,
            boolean cycles,
            long weightNanos)
            throws BpfException;

    /// Moves whole records to `target`, each after its length in words, and returns the words used.
    static native int samplerDrain(long handle, long[] target);

    static native void samplerStop(long handle);

    /// Hits, nanoseconds, throttles, CPU time it took, then samples and nanoseconds of each reason
    /// for drops.
    ///
    /// @param waits those of waits, else of the CPU's events
    static native long[] samplerCounters(long handle, boolean waits) throws BpfException;

    static native long[] samplerProgramStats(long handle, boolean waits) throws BpfException;

    /// @param choosing [SamplingRules#choosing]
    /// @param rules [SamplingRules#ruleWords]
    static native void samplerChoose(long handle, long[] choosing, long[] rules)
            throws BpfException;

    /// @param how [WaitEnd#code]
    static native void waitsStart(long handle, byte[] object, int how) throws BpfException;

    static native void waitsStop(long handle);

    /// The program and its maps, then CPU, event and link of each CPU.
    static native int[] samplerDescriptors(long handle) throws BpfException;

    /// `sampler` may be 0.
    static native long unwindOpen(long sampler) throws BpfException;

    static native int unwindAddChunk(long handle) throws BpfException;

    static native void unwindRemoveChunk(long handle, int number) throws BpfException;

    /// Whether the place is one.
    static native boolean unwindWrite(long handle, int place, int[] words, int count);

    static native void unwindSetTable(long handle, int number, int placeOrState);

    static native int unwindTableUsed(long handle, int number);

    static native void unwindSetProcess(
            long handle, int pid, long space, int place, int mappings, boolean settled)
            throws BpfException;

    static native void unwindRemoveProcess(long handle, int pid) throws BpfException;

    /// Whether there is a mapping at an address; `found` gets its table and its bias.
    static native boolean unwindFind(
            long handle, int place, int mappings, long address, long[] found);

    /// Adds to `frames` from `from` on what a walk finds and, after that, where it stopped; returns
    /// how many the former are and, in the high half, why it ended.
    static native int unwindWalk(
            long handle,
            long[] words,
            int start,
            int count,
            int place,
            int mappings,
            long[] frames,
            int from);

    /// Whether something is filling up. `sideBand` may be 0.
    static native boolean await(long sampler, long sideBand, int timeoutMillis) throws BpfException;

    /// CPUs opened, closed and failed, of a sampler or a side band.
    static native int[] refreshCpus(long handle) throws BpfException;

    /// Closes whatever the handle names, after calls under way have returned.
    static native void close(long handle);

    static native long sideBandOpen(int ringBytes) throws BpfException;

    /// What the kernel agreed to: bytes of each ring, and the optional parts as bits.
    static native int[] sideBandFeatures(long handle);

    /// Moves whole perf records to `target`, one after the other, and returns the bytes used.
    static native int sideBandDrain(long handle, byte[] target);

    static native long fileOpen(
            int pid,
            byte[] path,
            long sizeMax,
            long processStart,
            boolean anyOwner,
            long[] attributes)
            throws BpfException, RefusedFileException;

    static native long fileOpenMapped(
            int pid, long start, long end, long sizeMax, long processStart, long[] attributes)
            throws BpfException, RefusedFileException;

    static native int fileRead(long handle, long position, byte[] target, int offset, int length)
            throws BpfException;

    static native boolean fileHasChanged(long handle, long size, long modifiedNanos)
            throws BpfException;

    static native long symbolsOpen(byte[] object) throws BpfException;

    /// Reads what follows what was read last; 0 bytes at the end.
    static native int symbolsRead(long handle, byte[] target, int offset, int length)
            throws BpfException;

    static native long pidOpen(int pid) throws BpfException;

    static native boolean pidAlive(long handle);

    static native long pidStart(int pid) throws BpfException;

    static native int setPriority(int nice) throws BpfException;

    static native long capabilities() throws BpfException;

    static native long clockNanos(int clock);

    static native long cgroupId(byte[] path) throws BpfException;

    /// The name of an errno, such as `EPERM`, and what it means.
    static native String errnoName(int errno);

    /// Whether a perf event of that kind can be opened: 0, or the errno of the refusal.
    static native int tryPerfEvent(int type, long config, boolean sampling);

    /// Whether a ring buffer map can be made: 0, or the errno.
    static native int tryRingBuffer();

    /// Whether a BPF object loads: 0, or the errno. `log` gets what libbpf said.
    static native int tryObject(byte[] object, String[] log);

    /// The same for a sampler's object with stacks walked by tables.
    static native int tryUnwinding(byte[] object, String[] log);

    /// The same for the programs that sample waits.
    ///
    /// @param how [WaitEnd#code]
    static native int tryWaits(byte[] object, int how, String[] log);

    /// Whether this kernel has what that takes.
    ///
    /// @param how [WaitEnd#code]
    static native boolean hasWaitEnd(int how) throws BpfException;

    /// Whether a perf event can be tied to a program by a link: 0, or the errno.
    static native int tryPerfLink(byte[] object);
}
