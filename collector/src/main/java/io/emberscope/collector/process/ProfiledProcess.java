package io.emberscope.collector.process;

import io.emberscope.collector.container.Container;
import org.jspecify.annotations.Nullable;

/// One process as known at the time that has been merged so far. Changed by [ProcessTable] only.
public final class ProfiledProcess {
    /// How long after a snapshot was asked for the next may be; each further time twice as long.
    static final long ASK_NANOS = 2_000_000_000L;

    /// How long a process may be without mappings until that is taken for how it is.
    static final long MAPPINGS_WAIT_NANOS = 1_000_000_000L;

    private static final int ASK_DOUBLINGS_MAX = 9;

    private final int pid;
    private final Binaries binaries;
    private @Nullable Binary generated;
    private Binary.@Nullable Sighting jitDump;
    private Mappings mappings = new Mappings();
    private String executable = "";
    private boolean kernel;
    private Container container = Container.NONE;
    private int threads = 1;
    private boolean threadsExact;
    private long threadsKnownNanos = Long.MIN_VALUE;
    private boolean leaderExited;
    private boolean exited;
    private boolean mappingsCut;
    private boolean imageFresh;
    private int asks;
    private long askedNanos;
    private long mayAskNanos = Long.MIN_VALUE;
    private boolean kept;
    private boolean containerUnsure;
    private boolean missing;
    private boolean doubted;

    ProfiledProcess(int pid, Binaries binaries) {
        this.pid = pid;
        this.binaries = binaries;
    }

    /// The process id in the node's own namespace.
    public int pid() {
        return pid;
    }

    /// What is mapped where.
    public Mappings mappings() {
        return mappings;
    }

    /// File name of the program that it executes, or empty if that is not known yet.
    public String executable() {
        return executable;
    }

    /// Whether it is a thread of the kernel.
    public boolean isKernel() {
        return kernel;
    }

    /// The container that its own `cgroup` file, or its parent's, named; for hosts whose unified
    /// hierarchy names none.
    public Container container() {
        return container;
    }

    /// The code that it made at run time, in memory without a file.
    public Binary generatedCode() {
        Binary known = generated;
        if (known == null) {
            known = kept && !exited ? binaries.generatedBy(pid) : Binary.ANONYMOUS;
            generated = known;
            showJitDump();
        }
        return known;
    }

    /// Notes that it has mapped the file in which it tells names of its code.
    void jitDump(long start, long end) {
        jitDump = new Binary.Sighting(pid, start, end);
        showJitDump();
    }

    private void showJitDump() {
        if (generated != null && generated.isGenerated() && jitDump != null) {
            generated.seen(pid, jitDump.start(), jitDump.end());
        }
    }

    /// Ends the use of what belongs to this process alone.
    void dropGeneratedCode() {
        if (generated != null) {
            binaries.release(generated);
            generated = null;
        }
        jitDump = null;
    }

    boolean exited() {
        return exited;
    }

    /// Takes over what a child has of its parent. The mappings it had must have been released.
    void becomeChildOf(ProfiledProcess parent) {
        mappings = parent.mappings.share();
        executable = parent.executable;
        kernel = parent.kernel;
        container = parent.container;
        mappingsCut = parent.mappingsCut;
        jitDump =
                parent.jitDump == null
                        ? null
                        : new Binary.Sighting(pid, parent.jitDump.start(), parent.jitDump.end());
    }

    /// Begins a new program. The mappings must have been released.
    void becomeNewImage() {
        mappings = new Mappings();
        executable = "";
        kernel = false;
        mappingsCut = false;
        imageFresh = true;
        dropGeneratedCode();
        containerUnsure = true;
        asks = 0;
        mayAskNanos = Long.MIN_VALUE;
        threads = 1;
        leaderExited = false;
    }

    /// Mappings that only this process has, ready to be changed.
    Mappings writableMappings() {
        mappings = mappings.writable();
        return mappings;
    }

    void mappings(Mappings others) {
        mappings = others;
    }

    /// Gives up all mappings until the next program, because it has too many. They must have been
    /// released.
    void cutMappings() {
        mappings = new Mappings();
        mappingsCut = true;
    }

    boolean mappingsCut() {
        return mappingsCut;
    }

    /// Whether nothing has been mapped since a new program began.
    boolean imageFresh() {
        return imageFresh;
    }

    /// Whether a snapshot of it may be asked for; if so, that one is.
    boolean ask(long nowNanos) {
        if (nowNanos < mayAskNanos) {
            return false;
        }
        mayAskNanos = nowNanos + (ASK_NANOS << Math.min(asks, ASK_DOUBLINGS_MAX));
        askedNanos = nowNanos;
        asks++;
        return true;
    }

    /// Lets snapshots be asked for often again, as the last one told something new.
    void askOften() {
        asks = Math.min(asks, 1);
        mayAskNanos = Math.min(mayAskNanos, askedNanos + ASK_NANOS);
    }

    /// Whether nothing is known of its mappings, and nothing will soon be.
    public boolean isWithoutMappings(long nowNanos) {
        return mappings.size() == 0
                && (mappingsCut
                        || !kept
                        || asks > 1
                        || (asks == 1 && nowNanos - askedNanos > MAPPINGS_WAIT_NANOS));
    }

    void executable(String name) {
        executable = name;
        imageFresh = false;
    }

    void kernel(boolean is) {
        kernel = is;
    }

    /// Whether a new program began since somebody looked which container it is in.
    boolean containerUnsure() {
        return containerUnsure;
    }

    void container(Container known) {
        container = known;
        containerUnsure = false;
    }

    /// Notes that all its threads have been counted from the first on.
    void threadsExact() {
        threadsExact = true;
    }

    void threads(int count, long knownNanos) {
        threads = count;
        threadsKnownNanos = knownNanos;
        threadsExact = false;
    }

    void threadStarted(long timeNanos) {
        if (timeNanos > threadsKnownNanos) {
            threads++;
        }
    }

    void threadEnded(long timeNanos, boolean leader) {
        if (timeNanos > threadsKnownNanos) {
            threads--;
        }
        leaderExited |= leader;
    }

    /// Whether its last thread has certainly ended.
    boolean isOver() {
        return threads <= 0 && threadsExact;
    }

    /// Whether its last thread may have ended; only the kernel knows.
    boolean mayBeOver() {
        return threads <= 0 || leaderExited;
    }

    /// Whether we wait for the kernel to say that it is over.
    boolean isDoubted() {
        return doubted;
    }

    void doubt() {
        doubted = true;
    }

    /// Whether it is in the table; one that was refused lives for one event or sample.
    boolean isKept() {
        return kept;
    }

    void keep() {
        kept = true;
    }

    /// Whether the kernel did not list it the last time it was asked.
    boolean isMissing() {
        return missing;
    }

    void missing(boolean is) {
        missing = is;
    }

    void exit() {
        exited = true;
    }
}
