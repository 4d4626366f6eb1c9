package io.emberscope.collector.aggregate;

import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.WaitState;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.Mappings;
import io.emberscope.collector.process.Names;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The samples of ten seconds, or a part of them, summed by series and stack.
///
/// Filled by one thread; once it is handed on it no longer changes and others may read it. Bounded
/// in stacks, frames and sums ([#isFull]); what would not fit begins another part of the same ten
/// seconds, so nothing is lost by it.
public final class Window {
    /// Length of a window in nanoseconds.
    public static final long LENGTH_NANOS = 10_000_000_000L;

    static final int STACKS_MAX = 16_384;
    static final int STACK_FRAMES_MAX = 1 << 19;
    static final int FRAMES_MAX = 1 << 16;
    static final int CELLS_MAX = 32_768;

    /// Frames of one sample at most; deeper ones are cut and marked.
    static final int DEPTH_MAX = 1024;

    private final long startNanos;
    private final long endMonotonicNanos;
    private final Consumer<Binary> firstOnStack;
    private final CutStacks cuts;
    private final FrameTable frames = new FrameTable();
    private final StackTable stacks = new StackTable();
    private final SeriesTable series = new SeriesTable();
    private final CellTable cells = new CellTable();
    private final int[] stack = new int[DEPTH_MAX + 2];
    private long samples;
    private long nanos;
    private long foldedThreadNames;
    private long foldedExecutables;

    /// @param endMonotonicNanos its end on the monotonic clock
    /// @param firstOnStack takes each binary when it is on a stack for the first time
    Window(long startNanos, long endMonotonicNanos, Consumer<Binary> firstOnStack, CutStacks cuts) {
        this.startNanos = startNanos;
        this.endMonotonicNanos = endMonotonicNanos;
        this.firstOnStack = firstOnStack;
        this.cuts = cuts;
    }

    /// Whether the next sample needs another window.
    boolean isFull() {
        return stacks.size() >= STACKS_MAX
                || stacks.frameCount() >= STACK_FRAMES_MAX - DEPTH_MAX
                || frames.size() >= FRAMES_MAX - DEPTH_MAX
                || cells.size() >= CELLS_MAX;
    }

    /// Adds a sample.
    ///
    /// @param executable name of the program, or empty if only the thread's name is known
    void add(SampleView sample, ProfiledProcess process, String executable, Container container) {
        int depth = addKernelFrames(sample);
        depth = addUserFrames(sample, process, depth);
        if (depth == 0) {
            stack[depth++] = frames.of(Binary.UNKNOWN, 0);
        }
        Binary outermost = frames.binary(stack[depth - 1]);
        if (outermost.kind() == Binary.Kind.CUT) {
            Binary last = depth > 1 ? frames.binary(stack[depth - 2]) : Binary.UNKNOWN;
            cuts.count(last, outermost.whyCut());
        }
        int inSeries =
                series.of(
                        executable,
                        container,
                        sample.nameFirst(),
                        sample.nameSecond(),
                        sample.waitCode());
        switch (series.lastFold()) {
            case NONE -> {}
            case THREAD_NAME -> foldedThreadNames++;
            case EXECUTABLE -> foldedExecutables++;
        }
        cells.add(inSeries, stacks.of(stack, depth), sample.weightNanos());
        samples++;
        nanos += sample.weightNanos();
    }

    private int addKernelFrames(SampleView sample) {
        int depth = 0;
        int count = Math.min(sample.kernelFrames(), DEPTH_MAX / 2);
        // A thread that waits has called the scheduler.
        boolean isWait = sample.waitCode() != 0;
        for (int i = 0; i < count; i++) {
            stack[depth++] =
                    frames.of(Binary.KERNEL, place(sample.kernelFrame(i), i == 0 && !isWait));
        }
        if (sample.isKernelStackCut() || count < sample.kernelFrames()) {
            stack[depth++] = frames.of(Binary.cut(StackEnd.TRUNCATED), 0);
        }
        return depth;
    }

    private int addUserFrames(SampleView sample, ProfiledProcess process, int from) {
        Mappings mappings = process.mappings();
        int depth = from;
        int count = Math.min(sample.userFrames(), DEPTH_MAX - from);
        for (int i = 0; i < count; i++) {
            long address = place(sample.userFrame(i), sample.isUserFrameExact(i));
            int index = mappings.find(address);
            if (index < 0) {
                stack[depth++] = frames.of(Binary.UNKNOWN, address);
            } else {
                Binary mapped = mappings.binary(index);
                Binary binary = mapped == Binary.ANONYMOUS ? process.generatedCode() : mapped;
                long place = binary.hasOffsets() ? mappings.fileOffset(index, address) : address;
                stack[depth++] = frames.of(binary, place);
                boolean mayHaveNames = binary.kind() == Binary.Kind.FILE || binary.isGenerated();
                if (mayHaveNames && binary.noteOnStack()) {
                    firstOnStack.accept(binary);
                }
            }
        }
        StackEnd end = count < sample.userFrames() ? StackEnd.TRUNCATED : sample.userEnd();
        if (isCut(end)) {
            stack[depth++] = frames.of(Binary.cut(end), 0);
        }
        return depth;
    }

    private static boolean isCut(StackEnd end) {
        return switch (end) {
            case COMPLETE, NO_STACK, BY_KERNEL -> false;
            default -> true;
        };
    }

    /// The address to look up. One that a call returns to may be the first of another function: one
    /// less is inside the call.
    private static long place(long address, boolean exact) {
        return exact || address == 0 ? address : address - 1;
    }

    /// Start, in nanoseconds since the epoch; a multiple of [#LENGTH_NANOS].
    public long startNanos() {
        return startNanos;
    }

    /// Its end on the monotonic clock, which samples go by.
    public long endMonotonicNanos() {
        return endMonotonicNanos;
    }

    /// Samples in it.
    public long samples() {
        return samples;
    }

    /// Time in it, of the CPU and of waiting.
    public long nanos() {
        return nanos;
    }

    /// Samples whose thread name was left out.
    public long foldedThreadNames() {
        return foldedThreadNames;
    }

    /// Samples whose program's name was left out too.
    public long foldedExecutables() {
        return foldedExecutables;
    }

    /// How many frames there are.
    public int frameCount() {
        return frames.size();
    }

    /// What a frame is in.
    public Binary frameBinary(int frame) {
        return frames.binary(frame);
    }

    /// Where in it: a file offset if [Binary#hasOffsets], else an address. Inside the calling
    /// instruction for all frames but the innermost of a stack.
    public long framePlace(int frame) {
        return frames.place(frame);
    }

    /// How many stacks there are.
    public int stackCount() {
        return stacks.size();
    }

    /// How many frames a stack has.
    public int stackLength(int stackNumber) {
        return stacks.start(stackNumber + 1) - stacks.start(stackNumber);
    }

    /// A frame of a stack, 0 being the innermost.
    public int stackFrame(int stackNumber, int index) {
        return stacks.frames()[stacks.start(stackNumber) + index];
    }

    /// How many series there are.
    public int seriesCount() {
        return series.size();
    }

    /// The program of a series, which has a name always: that of the thread if no other is known.
    public String executable(int seriesNumber) {
        String executable = series.executable(seriesNumber);
        return executable.isEmpty() ? threadName(seriesNumber) : executable;
    }

    /// The thread name of a series, or empty if it was left out.
    public String threadName(int seriesNumber) {
        return Names.threadName(series.nameFirst(seriesNumber), series.nameSecond(seriesNumber));
    }

    /// How the threads of a series had waited, or null if it is of CPU time.
    public @Nullable WaitState waitState(int seriesNumber) {
        int code = series.waitCode(seriesNumber);
        return code == 0 ? null : WaitState.of(code);
    }

    /// The container of a series.
    public Container container(int seriesNumber) {
        return series.container(seriesNumber);
    }

    /// How many sums there are.
    public int cellCount() {
        return cells.size();
    }

    /// The series of a sum.
    public int cellSeries(int cell) {
        return cells.series(cell);
    }

    /// The stack of a sum.
    public int cellStack(int cell) {
        return cells.stack(cell);
    }

    /// A sum: nanoseconds.
    public long cellNanos(int cell) {
        return cells.nanos(cell);
    }
}
