package io.emberscope.collector.process;

import io.emberscope.bpf.Sample;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.bpf.UnwindMemory.UserStack;
import org.jspecify.annotations.Nullable;

/// One sample of a [Timeline]. A window over memory that is reused: valid while
/// [Timeline.Replay#sample] runs.
public final class SampleView {
    /// Flag: the thread belongs to the kernel.
    public static final int KERNEL_THREAD = 1;

    /// Flag: the kernel stack goes on beyond its last frame.
    public static final int KERNEL_STACK_CUT = 1 << 1;

    /// Where the number of a [io.emberscope.bpf.WaitState] is in the flags; 0 for a sample of the
    /// CPU.
    public static final int WAIT_SHIFT = 2;

    private static final int WAIT_MASK = 7;

    private static final long[] NONE = new long[Timeline.SAMPLE_WORDS];

    private long[] words = NONE;
    private int at;
    private @Nullable UserStack better;

    SampleView at(long[] sample, int start) {
        words = sample;
        at = start;
        better = null;
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

    /// How the thread had waited until then: the number of a [io.emberscope.bpf.WaitState], or 0 if
    /// this is a sample of the CPU.
    public int waitCode() {
        return (int) (words[at + 1] >>> 26) >>> WAIT_SHIFT & WAIT_MASK;
    }

    /// Nanoseconds of CPU time, or of waiting, that it stands for.
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

    /// Why the user stack goes no further.
    public StackEnd userEnd() {
        return better != null ? better.end() : StackEnd.of((int) words[at + 8] & 0xff);
    }

    /// Names the address space and what is executable in it; 0 if the kernel walked the user stack.
    public long space() {
        return words[at + 7];
    }

    /// The place of the mappings that the kernel's walk of the user stack went by; 0 if there were
    /// none.
    public int mappingsPlace() {
        return (int) words[at + 9];
    }

    /// Leaves out all callers of a frame of the user stack.
    ///
    /// @param stack gets what is left; the sample has it from then on, as long as it is valid
    public void cutAfter(int frame, StackEnd why, UserStack stack) {
        if (better == null) {
            int first = at + Timeline.SAMPLE_WORDS + kernelFrames();
            stack.take(words, first, (int) words[at + 1] & 0x1fff, why);
            better = stack;
        }
        better.cutAfter(frame, why);
    }

    /// Words of what is needed to take the walk of the user stack up again; 0 if it cannot be.
    public int resumptionWords() {
        return (int) (words[at + 8] >>> 8);
    }

    /// Takes the walk up again.
    ///
    /// @param stack gets the whole stack; the sample has it from then on, as long as it is valid
    /// @param place of the mappings of the process
    /// @param mappings how many there are
    public void resume(UnwindMemory memory, UserStack stack, int place, int mappings) {
        int first = at + Timeline.SAMPLE_WORDS + kernelFrames();
        int count = (int) words[at + 1] & 0x1fff;
        stack.take(words, first, count, StackEnd.of((int) words[at + 8] & 0xff));
        memory.resume(stack, words, first + count, resumptionWords(), place, mappings);
        better = stack;
    }

    /// Frames of the kernel stack.
    public int kernelFrames() {
        return (int) (words[at + 1] >>> 13) & 0x1fff;
    }

    /// Frames of the user stack.
    public int userFrames() {
        return isOnlyPlace() ? 1 : noted();
    }

    /// Frames that were noted on a walk.
    private int noted() {
        return better != null ? better.count() : (int) words[at + 1] & 0x1fff;
    }

    /// Whether nothing is known of the user stack but the instruction that was about to run.
    private boolean isOnlyPlace() {
        return noted() == 0 && resumptionWords() > 0;
    }

    /// An address of the kernel stack, 0 being the innermost.
    public long kernelFrame(int index) {
        return words[at + Timeline.SAMPLE_WORDS + index];
    }

    /// An address of the user stack, 0 being the innermost.
    public long userFrame(int index) {
        return Sample.address(rawUserFrame(index));
    }

    /// Whether a frame of the user stack is an instruction that was about to run, and not one that
    /// a call returns to.
    public boolean isUserFrameExact(int index) {
        return index == 0 || Sample.isExact(rawUserFrame(index));
    }

    private long rawUserFrame(int index) {
        if (isOnlyPlace()) {
            return words[at + Timeline.SAMPLE_WORDS + kernelFrames() + Sample.PLACE_IN_RESUMPTION];
        }
        return better != null
                ? better.frames()[index]
                : words[at + Timeline.SAMPLE_WORDS + kernelFrames() + index];
    }

    private boolean has(int flag) {
        return (words[at + 1] >>> 26 & flag) != 0;
    }
}
