package io.emberscope.collector.aggregate;

import io.emberscope.collector.container.Container;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The windows that are open. A sample goes into the one of its own time, also if it comes late;
/// one whose time has passed, and some more for stragglers, is handed on. Not safe for use by
/// several threads.
public final class Windows {
    /// The program name of all threads of the kernel.
    public static final String KERNEL = "[kernel]";

    /// How long after its end a window waits for stragglers.
    static final long LATE_NANOS = 1_000_000_000L;

    private final WallClock clock;
    private final Consumer<Window> done;
    private final List<Window> open = new ArrayList<>();
    private final Consumer<Binary> firstOnStack;
    private final CutStacks cuts;
    private Window current;

    /// @param done takes windows that are full or over; must not block
    /// @param firstOnStack takes each binary when it is on a stack for the first time; must not
    ///   block
    /// @param cuts counts the stacks that end before their root
    public Windows(
            WallClock clock, Consumer<Window> done, Consumer<Binary> firstOnStack, CutStacks cuts) {
        this.clock = clock;
        this.done = done;
        this.firstOnStack = firstOnStack;
        this.cuts = cuts;
        this.current = new Window(Long.MIN_VALUE, 0, firstOnStack, cuts);
    }

    /// Adds a sample of a process.
    ///
    /// @param container of the sample's control group, or [Container#NONE] to take the process's
    public void add(SampleView sample, ProfiledProcess process, Container container) {
        long start = startOf(clock.epochNanos(sample.timeNanos()));
        if (start != current.startNanos()) {
            current = windowAt(start);
        }
        if (current.isFull()) {
            open.remove(current);
            done.accept(current);
            current = windowAt(start);
        }
        boolean kernel = sample.isKernelThread() || process.isKernel();
        current.add(
                sample,
                process,
                kernel ? KERNEL : process.executable(),
                container.isNone() ? process.container() : container);
    }

    /// Hands on the windows that ended before a time, and those that a clock set back has left in
    /// the future.
    ///
    /// @param mergedNanos monotonic time up to which all samples have been added
    public void closeBefore(long mergedNanos) {
        long now = clock.epochNanos(mergedNanos);
        for (int i = open.size() - 1; i >= 0; i--) {
            Window window = open.get(i);
            long end = window.startNanos() + Window.LENGTH_NANOS;
            if (end + LATE_NANOS <= now || window.startNanos() > now + Window.LENGTH_NANOS) {
                close(window);
            }
        }
    }

    /// Hands on all windows.
    public void closeAll() {
        while (!open.isEmpty()) {
            close(open.getFirst());
        }
    }

    /// Samples in the windows that are open.
    public long samples() {
        long samples = 0;
        for (Window window : open) {
            samples += window.samples();
        }
        return samples;
    }

    /// Time in the windows that are open.
    public long nanos() {
        long nanos = 0;
        for (Window window : open) {
            nanos += window.nanos();
        }
        return nanos;
    }

    private void close(Window window) {
        open.remove(window);
        if (window == current) {
            current = new Window(Long.MIN_VALUE, 0, firstOnStack, cuts);
        }
        done.accept(window);
    }

    private Window windowAt(long start) {
        for (Window window : open) {
            if (window.startNanos() == start) {
                return window;
            }
        }
        long end = clock.monotonicNanos(start + Window.LENGTH_NANOS);
        Window window = new Window(start, end, firstOnStack, cuts);
        open.add(window);
        return window;
    }

    private static long startOf(long epochNanos) {
        return Math.floorDiv(epochNanos, Window.LENGTH_NANOS) * Window.LENGTH_NANOS;
    }
}
