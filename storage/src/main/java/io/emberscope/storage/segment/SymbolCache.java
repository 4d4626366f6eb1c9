package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.FrameTable;
import io.emberscope.storage.query.LongIndex;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.window.Content;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Stacks and frames that were read from segments, by tenant and id. Bounded in bytes. Safe for use
/// by several threads.
///
/// There are two generations. What is found or learnt is put into the young one; when that is half
/// of the cache it becomes the old one, and what was old and not used since is forgotten. A
/// generation that has a stack has all its frames too.
public final class SymbolCache {
    private final long bytesMax;
    private Map<TenantId, Generation> young = new HashMap<>();
    private Map<TenantId, Generation> old = new HashMap<>();
    private long youngBytes;
    private long oldBytes;
    private long hits;
    private long misses;

    /// An empty cache.
    public SymbolCache(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Tells what is known of the missing stacks.
    public synchronized void resolve(TenantId tenant, StackResolver wanted)
            throws QueryStoppedException {
        Generation newer = young.get(tenant);
        Generation older = old.get(tenant);
        int[] ofNewer = newer == null ? new int[0] : new int[newer.frameCount()];
        int[] ofOlder = older == null ? new int[0] : new int[older.frameCount()];
        List<Integer> toKeep = new ArrayList<>();
        for (int number = 0; number < wanted.size(); number++) {
            if (!wanted.misses(number, number + 1)) {
                continue;
            }
            long id = wanted.stackId(number);
            int[] stack = newer == null ? null : newer.stack(id);
            if (newer != null && stack != null) {
                wanted.stack(number, stack, newer, ofNewer);
                hits++;
                continue;
            }
            stack = older == null ? null : older.stack(id);
            if (older != null && stack != null) {
                wanted.stack(number, stack, older, ofOlder);
                toKeep.add(number);
                hits++;
            } else {
                misses++;
            }
        }
        if (older != null) {
            int[] numbers = new int[wanted.frameCount()];
            for (int number : toKeep) {
                numbers = add(tenant, wanted, number, numbers);
            }
        }
    }

    /// Remembers stacks that a segment told.
    ///
    /// @param from first number of a stack in the resolver
    /// @param to number after the last
    public synchronized void learn(TenantId tenant, StackResolver resolved, int from, int to) {
        int[] numbers = new int[resolved.frameCount()];
        for (int number = from; number < to; number++) {
            numbers = add(tenant, resolved, number, numbers);
        }
    }

    /// Takes over from a window what it knows more of frames: names and addresses.
    public synchronized void learnNames(TenantId tenant, Content content) {
        youngBytes += learn(young.get(tenant), content);
        oldBytes += learn(old.get(tenant), content);
    }

    private static long learn(@Nullable Generation generation, Content content) {
        if (generation == null) {
            return 0;
        }
        long before = generation.bytes;
        for (int i = 0; i < content.frameCount(); i++) {
            generation.learn(content.frameIds()[i], content.frames()[i]);
        }
        return generation.bytes - before;
    }

    /// Bytes held, estimated.
    public synchronized long bytes() {
        return youngBytes + oldBytes;
    }

    /// Stacks that were found.
    public synchronized long hits() {
        return hits;
    }

    /// Stacks that were not.
    public synchronized long misses() {
        return misses;
    }

    /// @param numbers of the frames of the resolver in the young generation, plus one; 0 if not
    ///   looked up
    /// @return these numbers, or new ones if there is a new generation
    private int[] add(TenantId tenant, StackResolver source, int number, int[] numbers) {
        int[] known = numbers;
        if (youngBytes > bytesMax / 2) {
            old = young;
            oldBytes = youngBytes;
            young = new HashMap<>();
            youngBytes = 0;
            known = new int[numbers.length];
        }
        Generation generation = young.computeIfAbsent(tenant, _ -> new Generation());
        youngBytes += generation.add(source, number, known);
        return known;
    }

    private static final class Generation implements FrameTable {
        private static final long STACK_BYTES = 48;
        private static final long FRAME_BYTES = 120;
        private static final long LINE_BYTES = 64;
        private static final long TEXT_BYTES = 100;

        private final LongIndex stackIndex = new LongIndex();
        private int[][] stacks = new int[16][];
        private final LongIndex frameIndex = new LongIndex();
        private Frame[] frames = new Frame[16];
        private final Map<String, String> texts = new HashMap<>();
        private long bytes;

        int @Nullable [] stack(long id) {
            int number = stackIndex.find(id);
            return number < 0 ? null : stacks[number];
        }

        int frameCount() {
            return frameIndex.size();
        }

        @Override
        public long id(int number) {
            return frameIndex.id(number);
        }

        @Override
        public Frame frame(int number) {
            return frames[number];
        }

        void learn(long id, Frame frame) {
            int number = frameIndex.find(id);
            if (number >= 0 && frames[number].learnsFrom(frame)) {
                Frame both = frames[number].with(frame);
                bytes += (both.lines().size() - frames[number].lines().size()) * LINE_BYTES;
                frames[number] = shared(both);
            }
        }

        /// @return bytes that it holds more
        long add(StackResolver source, int stack, int[] numbers) {
            int number = stackIndex.add(source.stackId(stack));
            if (number < 0) {
                return 0;
            }
            long before = bytes;
            if (number == stacks.length) {
                stacks = Arrays.copyOf(stacks, number * 2);
            }
            int[] of = source.stack(stack);
            int[] own = new int[of.length];
            for (int i = 0; i < of.length; i++) {
                if (numbers[of[i]] == 0) {
                    numbers[of[i]] = 1 + add(source.frameId(of[i]), source.frame(of[i]));
                }
                own[i] = numbers[of[i]] - 1;
            }
            stacks[number] = own;
            bytes += STACK_BYTES + (long) of.length * Integer.BYTES;
            return bytes - before;
        }

        private int add(long id, Frame frame) {
            int number = frameIndex.add(id);
            if (number < 0) {
                return -1 - number;
            }
            if (number == frames.length) {
                frames = Arrays.copyOf(frames, number * 2);
            }
            frames[number] = shared(frame);
            bytes += FRAME_BYTES + frame.lines().size() * LINE_BYTES;
            return number;
        }

        /// The frame with each of its texts once in the generation.
        private Frame shared(Frame frame) {
            List<Line> lines = new ArrayList<>(frame.lines().size());
            for (Line line : frame.lines()) {
                lines.add(
                        new Line(
                                shared(line.function()),
                                shared(line.systemName()),
                                shared(line.file()),
                                line.line()));
            }
            return new Frame(
                    frame.kind(),
                    shared(frame.buildId()),
                    shared(frame.binary()),
                    frame.offset(),
                    frame.address(),
                    lines);
        }

        private String shared(String text) {
            String known = texts.putIfAbsent(text, text);
            if (known != null) {
                return known;
            }
            bytes += TEXT_BYTES + text.length();
            return text;
        }
    }
}
