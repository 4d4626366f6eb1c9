package io.emberscope.collector.naming;

import io.emberscope.collector.aggregate.Window;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.symbolizer.jit.JitFrame;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Asks for the names of a window's frames in code made at run time. Filled by a [Reader]'s thread
/// while the one that asked waits; what is not there when the wait ends stays unknown.
final class JitRequest implements Reader.Task<JitNames> {
    private final Window window;
    private final int[] frames;
    private final @Nullable JitFrame[] found;
    private final Consumer<Binary> stuck;
    private final Answers answers = new Answers();
    private volatile @Nullable JitNames at;

    /// @param frames their numbers in the window, those of one process together
    /// @param stuck takes the code whose process's files did not answer
    JitRequest(Window window, int[] frames, Consumer<Binary> stuck) {
        this.window = window;
        this.frames = frames;
        this.found = new @Nullable JitFrame[frames.length];
        this.stuck = stuck;
    }

    /// Waits until everything is answered or given up, or the time is over. Afterwards nothing
    /// changes any more.
    void await(long waitNanos) throws InterruptedException {
        answers.await(waitNanos);
    }

    /// What is known of the frame at a place of the list, or null.
    @Nullable JitFrame found(int index) {
        return found[index];
    }

    @Override
    public void run(JitNames names) {
        at = names;
        names.beginRound();
        Binary last = null;
        for (int i = 0; i < frames.length; i++) {
            Binary generated = window.frameBinary(frames[i]);
            if (generated != last) {
                last = generated;
                int first = i;
                names.update(generated, () -> addressesFrom(first), window.endMonotonicNanos());
            }
            JitFrame frame =
                    names.find(generated, window.framePlace(frames[i]), window.endMonotonicNanos());
            int index = i;
            if (!answers.give(() -> found[index] = frame)) {
                return;
            }
        }
        answers.end();
        names.expire();
    }

    /// Addresses of the frames that belong to the same process as the first of them.
    private long[] addressesFrom(int first) {
        Binary generated = window.frameBinary(frames[first]);
        return Arrays.stream(frames, first, frames.length)
                .takeWhile(frame -> window.frameBinary(frame) == generated)
                .mapToLong(window::framePlace)
                .toArray();
    }

    @Override
    public void giveUp() {
        JitNames names = at;
        Binary late = names == null ? null : names.readingNow();
        if (late != null) {
            stuck.accept(late);
        }
        answers.end();
    }
}
