package io.emberscope.collector.process;

/// One sample of a [Timeline]. A window over memory that is reused: valid while
/// [Timeline.Replay#sample] runs.
public final class SampleView {
    /// Flag: the thread belongs to the kernel.
    public static final int KERNEL_THREAD = 1;

    /// Flag: the kernel stack goes on beyond its last frame.
    public static final int KERNEL_STACK_CUT = 1 << 1;

    /// Flag: the user stack goes on beyond its last frame.
    public static final int USER_STACK_CUT = 1 << 2;

    private static final long[] NONE = new long[Timeline.SAMPLE_WORDS];

    private long[] words = NONE;
    private int at;

    SampleView at(long[] sample, int start) {
        words = sample;
        at = start;
        return this;
    }

    /// When it was taken, on the monotonic clock.
    public long timeNanos() {
        return words[at];
    }

    /// The process.
    public int pid() {
        return (int) (words[at + 2] >> 32);
    }

    /// The thread.
    public int tid() {
        return (int) words[at + 2];
    }

    /// The control group.
    public long cgroupId() {
        return words[at + 3];
    }

    /// Nanoseconds of CPU time it stands for.
    public long weightNanos() {
        return words[at + 4];
    }

    /// The first eight bytes of the thread's name.
    public long nameFirst() {
        return words[at + 5];
    }

    /// The last eight bytes of the thread's name.
    public long nameSecond() {
        return words[at + 6];
    }

    /// Whether the thread belongs to the kernel.
    public boolean isKernelThread() {
        return has(KERNEL_THREAD);
    }

    /// Whether the kernel stack goes on beyond its last frame.
    public boolean isKernelStackCut() {
        return has(KERNEL_STACK_CUT);
    }

    /// Whether the user stack goes on beyond its last frame.
    public boolean isUserStackCut() {
        return has(USER_STACK_CUT);
    }

    /// Frames of the kernel stack.
    public int kernelFrames() {
        return (int) (words[at + 1] >>> 13) & 0x1fff;
    }

    /// Frames of the user stack.
    public int userFrames() {
        return (int) words[at + 1] & 0x1fff;
    }

    /// An address of the kernel stack, 0 being the innermost.
    public long kernelFrame(int index) {
        return words[at + Timeline.SAMPLE_WORDS + index];
    }

    /// An address of the user stack, 0 being the innermost.
    public long userFrame(int index) {
        return words[at + Timeline.SAMPLE_WORDS + kernelFrames() + index];
    }

    private boolean has(int flag) {
        return (words[at + 1] >>> 26 & flag) != 0;
    }
}
