package io.emberscope.storage.query;

import io.emberscope.profile.Frame;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Collects the frames of the stacks of one answer. Sources are asked in turn, and what one told
/// the next is not asked for: [#wantsStack] and [#wantsFrame] say what is still missing.
public final class StackResolver {
    private static final int FRAME_BYTES = 200;

    private final LongSums wanted;
    private final QueryContext context;
    private final int[] @Nullable [] stacks;
    private final LongIndex frameIds = new LongIndex();
    private @Nullable Frame[] frames = new @Nullable Frame[64];
    private int stacksMissing;
    private int framesMissing;

    /// @param wanted every id in it is a stack that is wanted
    public StackResolver(LongSums wanted, QueryContext context) throws QueryStoppedException {
        this.wanted = wanted;
        this.context = context;
        this.stacksMissing = wanted.size();
        context.reserve((long) wanted.size() * Long.BYTES);
        this.stacks = new int[wanted.size()] @Nullable [];
    }

    /// Whether nothing is missing.
    public boolean isDone() {
        return stacksMissing == 0 && framesMissing == 0;
    }

    /// Whether any stack is missing whose number is `from` or above and below `to`.
    public boolean misses(int from, int to) {
        for (int number = from; number < to; number++) {
            if (stacks[number] == null) {
                return true;
            }
        }
        return false;
    }

    /// Whether stacks are missing.
    public boolean wantsStacks() {
        return stacksMissing > 0;
    }

    /// The id of the stack with that number.
    public long stackId(int number) {
        return wanted.id(number);
    }

    /// How many stacks are wanted.
    public int size() {
        return stacks.length;
    }

    /// The numbers of the frames of the stack with that number, leaf first.
    ///
    /// @throws IllegalStateException if it is missing
    public int[] stack(int number) {
        int[] stack = stacks[number];
        if (stack == null) {
            throw new IllegalStateException(
                    "stack " + Long.toHexString(wanted.id(number)) + ": missing");
        }
        return stack;
    }

    /// How many frames have a number.
    public int frameCount() {
        return frameIds.size();
    }

    /// The id of the frame with that number.
    public long frameId(int number) {
        return frameIds.id(number);
    }

    /// The frame with that number.
    ///
    /// @throws IllegalStateException if it is missing
    public Frame frame(int number) {
        Frame frame = frames[number];
        if (frame == null) {
            throw new IllegalStateException(
                    "frame " + Long.toHexString(frameIds.id(number)) + ": missing");
        }
        return frame;
    }

    /// Tells a missing stack and its frames.
    ///
    /// @param number of the stack here
    /// @param ofTable numbers of its frames in a table, leaf first
    /// @param numbers for each frame of the table its number here plus one, or 0 if it was not
    ///   looked up yet; the same array for all stacks of the table
    public void stack(int number, int[] ofTable, FrameTable table, int[] numbers)
            throws QueryStoppedException {
        context.reserve(16 + (long) ofTable.length * Integer.BYTES);
        int[] stack = new int[ofTable.length];
        for (int i = 0; i < stack.length; i++) {
            int known = numbers[ofTable[i]];
            if (known == 0) {
                long id = table.id(ofTable[i]);
                known = 1 + frameNumber(id);
                numbers[ofTable[i]] = known;
                frame(id, table.frame(ofTable[i]));
            }
            stack[i] = known - 1;
        }
        stacks[number] = stack;
        stacksMissing--;
    }

    /// Whether the stack is missing.
    public boolean wantsStack(long id) {
        int number = wanted.find(id);
        return number >= 0 && stacks[number] == null;
    }

    /// Tells the frames of a missing stack, leaf first, as a range of an array.
    public void stack(long id, long[] frameIdsOfStack, int from, int to)
            throws QueryStoppedException {
        int number = wanted.find(id);
        if (number < 0 || stacks[number] != null) {
            return;
        }
        context.reserve(16 + (long) (to - from) * Integer.BYTES);
        int[] stack = new int[to - from];
        for (int i = from; i < to; i++) {
            stack[i - from] = frameNumber(frameIdsOfStack[i]);
        }
        stacks[number] = stack;
        stacksMissing--;
    }

    /// Whether frames are missing.
    public boolean wantsFrames() {
        return framesMissing > 0;
    }

    /// Whether the frame is missing.
    public boolean wantsFrame(long id) {
        int number = frameIds.find(id);
        return number >= 0 && frames[number] == null;
    }

    /// Tells a missing frame.
    public void frame(long id, Frame frame) {
        int number = frameIds.find(id);
        if (number >= 0 && frames[number] == null) {
            frames[number] = frame;
            framesMissing--;
        }
    }

    /// All frames, in the order of the numbers that the stacks use.
    ///
    /// @throws IllegalStateException if something is missing
    public List<Frame> frames() {
        Frame[] whole = new Frame[frameIds.size()];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = frame(i);
        }
        return List.of(whole);
    }

    /// All stacks, in the order in which their ids came.
    ///
    /// @throws IllegalStateException if something is missing
    public List<int[]> stacks() {
        int[][] whole = new int[stacks.length][];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = stack(i);
        }
        return List.of(whole);
    }

    private int frameNumber(long id) throws QueryStoppedException {
        int number = frameIds.add(id);
        if (number < 0) {
            return -1 - number;
        }
        context.reserve(FRAME_BYTES);
        if (number == frames.length) {
            frames = Arrays.copyOf(frames, frames.length * 2);
        }
        framesMissing++;
        return number;
    }
}
