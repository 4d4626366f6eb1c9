package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.storage.window.Content;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// Writes what one tenant has in a window into the tables of a segment.
final class TenantWriter {
    private final Content content;
    private final SortedSamples samples;

    TenantWriter(Content content) {
        this.content = content;
        this.samples = new SortedSamples(content);
    }

    void writeTo(TenantTables tables) throws IOException {
        samples.writeTo(tables);
        int[] stacks = usedStacks();
        for (int stack : stacks) {
            long[] frames = content.stackFrames()[stack];
            tables.stack(content.stackIds()[stack], frames, 0, frames.length);
        }
        for (int frame : usedFrames(stacks)) {
            // It may gain a name while this runs, so it is looked at once.
            tables.frame(content.frameIds()[frame], content.frames()[frame]);
        }
    }

    /// Stacks that have samples, in order.
    private int[] usedStacks() {
        return IntStream.range(0, content.stackCount())
                .filter(samples::isStackUsed)
                .boxed()
                .sorted(this::compareStacks)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private int compareStacks(int a, int b) {
        long[] left = content.stackFrames()[a];
        long[] right = content.stackFrames()[b];
        return TableOrder.compareStacks(left, 0, left.length, right, 0, right.length);
    }

    /// Frames of those stacks, in order.
    private int[] usedFrames(int[] stacks) {
        long[] ids =
                Arrays.stream(stacks)
                        .mapToObj(stack -> content.stackFrames()[stack])
                        .flatMapToLong(Arrays::stream)
                        .sorted()
                        .distinct()
                        .toArray();
        return IntStream.range(0, content.frameCount())
                .filter(i -> Arrays.binarySearch(ids, content.frameIds()[i]) >= 0)
                .boxed()
                .sorted(
                        Comparator.comparing(this::frame, TableOrder.FRAMES)
                                .thenComparingLong(i -> content.frameIds()[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private Frame frame(int index) {
        return content.frames()[index];
    }
}
