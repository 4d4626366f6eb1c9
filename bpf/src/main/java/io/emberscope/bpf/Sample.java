package io.emberscope.bpf;

import java.nio.charset.StandardCharsets;

/// One look at one CPU: who ran there, or began to run again after a wait, and its stacks. A window
/// over memory that is reused for the next sample, so it is only valid while a [SampleHandler]
/// runs.
///
/// A frame is an address: of an instruction that was about to run (the first of a stack, and what a
/// signal interrupted), or else one that a call returns to, which is looked up at one less.
public final class Sample {
    /// Set where a stack or a name is not whole; see [#flags].
    static final int KERNEL_THREAD = 1;

    static final int KERNEL_STACK_TRUNCATED = 1 << 1;
    static final int USER_STACK_TRUNCATED = 1 << 2;
    static final int KERNEL_STACK_FAILED = 1 << 3;
    static final int USER_STACK_FAILED = 1 << 4;
    static final int WAIT = 1 << 6;
    static final int COPY_UNREAD = 1 << 7;

    /// Frames of a kernel stack at most, and of a user stack that the kernel walks: it walks no
    /// further unless told to.
    public static final int KERNEL_FRAMES_MAX = 127;

    /// Frames of a user stack at most.
    public static final int USER_FRAMES_MAX = 1024;

    /// Where in [#copyResumption]'s words the address of the code is that the walk stopped at.
    public static final int PLACE_IN_RESUMPTION = 16;

    /// Bytes of a thread's name at most, as the kernel keeps it.
    public static final int COMM_BYTES_MAX = 16;

    /// Size of `struct sample_header`.
    static final int HEADER_BYTES = 80;

    /// Words of [#copyResumption] before the part of the stack.
    public static final int RESUMPTION_WORDS = 20;

    /// Most that follows the header: both stacks, and a copy of 160 KiB of the user's.
    static final int BODY_BYTES =
            Long.BYTES * (KERNEL_FRAMES_MAX + USER_FRAMES_MAX + RESUMPTION_WORDS) + (160 << 10);

    static final int HEADER_WORDS = HEADER_BYTES / Long.BYTES;
    static final int WORDS_MAX = HEADER_WORDS + BODY_BYTES / Long.BYTES;

    private static final int TIME = 0;
    private static final int CGROUP = 1;
    private static final int WEIGHT = 2;
    private static final int IDS = 3;
    private static final int CPU_AND_FLAGS = 4;
    private static final int COUNTS = 5;
    private static final int COMM = 6;
    private static final int SPACE = 8;
    private static final int MAPPINGS = 9;

    /// Where in a resumption, and how, it is noted that the stack goes no further in memory.
    private static final int KNOWN_IN_RESUMPTION = 17;

    private static final long UNREAD = 1L << 48;

    /// In a frame of a user stack: not a return address.
    private static final long EXACT = 1L << 63;

    private long[] words;
    private int start;

    Sample(long[] words) {
        this.words = words;
    }

    /// Points at a record of `length` words.
    ///
    /// @return whether the record has the layout agreed with the program
    boolean at(long[] words, int start, int length) {
        this.words = words;
        this.start = start;
        return length >= HEADER_WORDS
                && kernelFrameCount() <= KERNEL_FRAMES_MAX
                && userFrameCount() <= USER_FRAMES_MAX
                && endCode() < StackEnd.count()
                && (isWait() ? waitCode() > 0 && waitCode() <= WaitState.count() : waitCode() == 0)
                && (resumptionWords() == 0 || resumptionWords() >= RESUMPTION_WORDS)
                && (length == wordCount() || (length == WORDS_MAX && length > wordCount()));
    }

    /// Words that mean something: behind those of a deep stack there is room that was not needed.
    private int wordCount() {
        return HEADER_WORDS + kernelFrameCount() + userFrameCount() + resumptionWords();
    }

    /// When, on the clock CLOCK_MONOTONIC, in nanoseconds.
    public long timeNanos() {
        return words[start + TIME];
    }

    /// The process (the kernel's tgid), as numbered in the first pid namespace.
    public int pid() {
        return (int) words[start + IDS];
    }

    /// The thread, as numbered in the first pid namespace.
    public int tid() {
        return (int) (words[start + IDS] >>> Integer.SIZE);
    }

    /// The thread's cgroup in the hierarchy of [SamplerOptions#cgroups]: the number that
    /// [Cgroups#idOf] gives for its directory. 0 if that hierarchy is unknown to the kernel.
    public long cgroupId() {
        return words[start + CGROUP];
    }

    /// Nanoseconds of CPU time, or of waiting, that this sample stands for.
    public long weightNanos() {
        return words[start + WEIGHT];
    }

    /// The CPU it was taken on.
    public int cpu() {
        return (int) words[start + CPU_AND_FLAGS];
    }

    /// All flags as the program set them; the methods below say what they mean.
    int flags() {
        return (int) (words[start + CPU_AND_FLAGS] >>> Integer.SIZE);
    }

    /// Whether the thread had waited until then, and ran no sooner than at [#timeNanos].
    public boolean isWait() {
        return (flags() & WAIT) != 0;
    }

    /// How the thread waited. Only for one that did, see [#isWait].
    public WaitState waitState() {
        return WaitState.of(waitCode());
    }

    private int waitCode() {
        return (int) (words[start + COUNTS] >>> 56);
    }

    /// Whether the thread belongs to the kernel, and so can have no user stack.
    public boolean isKernelThread() {
        return (flags() & KERNEL_THREAD) != 0;
    }

    /// Whether the kernel stack has [#KERNEL_FRAMES_MAX] frames, so that there may be more below.
    public boolean isKernelStackTruncated() {
        return (flags() & KERNEL_STACK_TRUNCATED) != 0;
    }

    /// Whether there may be more of the user stack than its frames.
    public boolean isUserStackTruncated() {
        return (flags() & USER_STACK_TRUNCATED) != 0 || userEnd() == StackEnd.TRUNCATED;
    }

    /// Whether the kernel could not walk its own stack; the sample is whole otherwise.
    public boolean isKernelStackFailed() {
        return (flags() & KERNEL_STACK_FAILED) != 0;
    }

    /// Whether the kernel could not walk the user stack; the sample is whole otherwise.
    public boolean isUserStackFailed() {
        return (flags() & USER_STACK_FAILED) != 0;
    }

    /// Frames of the kernel stack; 0 if user code was interrupted.
    public int kernelFrameCount() {
        return (int) words[start + COUNTS] & 0xffff;
    }

    /// Frames of the user stack.
    public int userFrameCount() {
        return (int) words[start + COUNTS] >>> Short.SIZE;
    }

    /// Why the user stack goes no further.
    public StackEnd userEnd() {
        return StackEnd.of(endCode());
    }

    private int endCode() {
        return (int) (words[start + COUNTS] >>> 48) & 0xff;
    }

    /// Names the address space of the process and what is executable in it: if it has not changed,
    /// neither have the executable mappings. 0 if the kernel walked the user stack.
    public long space() {
        return words[start + SPACE];
    }

    /// The place of the mappings that the walk went by, see [UnwindMemory#process]; 0 if there were
    /// none.
    public int mappingsPlace() {
        return (int) words[start + MAPPINGS];
    }

    /// Words of [#copyResumption]: the place where the walk stopped, and a part of the stack. 0 if
    /// it cannot be taken up again.
    public int resumptionWords() {
        return (int) (words[start + COUNTS] >>> 32) & 0xffff;
    }

    /// Copies what [UnwindMemory#resume] needs to `target` from `at` on.
    ///
    /// @param length how many words of it: all, or fewer, at least [#RESUMPTION_WORDS], to cut the
    ///   part of the stack
    public void copyResumption(long[] target, int at, int length) {
        System.arraycopy(
                words,
                start + HEADER_WORDS + kernelFrameCount() + userFrameCount(),
                target,
                at,
                length);
        if ((flags() & COPY_UNREAD) != 0 && length > 0 && length == resumptionWords()) {
            target[at + KNOWN_IN_RESUMPTION] |= UNREAD;
        }
    }

    /// The address of a frame that [#copyUserFrames] gave.
    public static long address(long userFrame) {
        return userFrame & ~EXACT;
    }

    /// Whether a frame that [#copyUserFrames] gave is an instruction that was about to run when
    /// something interrupted it, and not one that a call returns to. The first of a stack is, also
    /// if this does not say so.
    public static boolean isExact(long userFrame) {
        return (userFrame & EXACT) != 0;
    }

    /// A frame of the kernel stack, 0 being the innermost.
    public long kernelFrame(int index) {
        return words[start + HEADER_WORDS + checked(index, kernelFrameCount())];
    }

    /// The address of a frame of the user stack, 0 being the innermost.
    public long userFrame(int index) {
        return address(
                words[
                        start
                                + HEADER_WORDS
                                + kernelFrameCount()
                                + checked(index, userFrameCount())]);
    }

    /// Copies the kernel stack, innermost frame first, to the start of `target`, and returns its
    /// length.
    public int copyKernelFrames(long[] target) {
        System.arraycopy(words, start + HEADER_WORDS, target, 0, kernelFrameCount());
        return kernelFrameCount();
    }

    /// Copies the user stack, innermost frame first, to the start of `target`, and returns its
    /// length. [#address] and [#isExact] say what each is.
    public int copyUserFrames(long[] target) {
        int from = start + HEADER_WORDS + kernelFrameCount();
        System.arraycopy(words, from, target, 0, userFrameCount());
        return userFrameCount();
    }

    /// The first eight bytes of the thread's name, the first one lowest. With [#commTail] it is the
    /// whole name, cheap to compare.
    public long commHead() {
        return words[start + COMM];
    }

    /// The last eight bytes of the thread's name, the first one lowest.
    public long commTail() {
        return words[start + COMM + 1];
    }

    /// Copies the thread's name, any bytes but zero, to the start of `target`, and returns its
    /// length.
    public int copyComm(byte[] target) {
        for (int i = 0; i < COMM_BYTES_MAX; i++) {
            long word = words[start + COMM + i / Long.BYTES];
            byte b = (byte) (word >>> (i % Long.BYTES * Byte.SIZE));
            if (b == 0) {
                return i;
            }
            target[i] = b;
        }
        return COMM_BYTES_MAX;
    }

    /// The thread's name; what is not UTF-8 becomes U+FFFD.
    public String comm() {
        byte[] bytes = new byte[COMM_BYTES_MAX];
        return new String(bytes, 0, copyComm(bytes), StandardCharsets.UTF_8);
    }

    private static int checked(int index, int count) {
        if (index < 0 || index >= count) {
            throw new IndexOutOfBoundsException(
                    "frame: " + index + " (expected: 0.." + (count - 1) + ")");
        }
        return index;
    }
}
