package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LongIndex;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.window.Content;
import java.util.Arrays;
import java.util.HashMap;
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
        for (long id : wanted.missingStacks()) {
            long[] frameIds = newer == null ? null : newer.stack(id);
            Generation holder = newer;
            if (frameIds == null && older != null) {
                frameIds = older.stack(id);
                holder = older;
            }
            if (frameIds == null || holder == null) {
                misses++;
                continue;
            }
            hits++;
            wanted.stack(id, frameIds, 0, frameIds.length);
            if (holder == older) {
                newer = add(tenant, id, frameIds, holder);
            }
            for (long frameId : frameIds) {
                if (wanted.wantsFrame(frameId)) {
                    wanted.frame(frameId, holder.frame(frameId));
                }
            }
        }
    }

    /// Remembers stacks that a segment told.
    ///
    /// @param from first number of a stack in the resolver
    /// @param to number after the last
    public synchronized void learn(TenantId tenant, StackResolver resolved, int from, int to) {
        for (int number = from; number < to; number++) {
            add(tenant, resolved.stackId(number), resolved.frameIds(number), resolved::frame);
        }
    }

    /// Takes over from a window what it knows more of frames: names and addresses.
    public synchronized void learnNames(TenantId tenant, Content content) {
        for (Generation generation : Arrays.asList(young.get(tenant), old.get(tenant))) {
            if (generation != null) {
                for (int i = 0; i < content.frameCount(); i++) {
                    generation.learn(content.frameIds()[i], content.frames()[i]);
                }
            }
        }
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

    private Generation add(TenantId tenant, long id, long[] frameIds, FramesById frames) {
        if (youngBytes > bytesMax / 2) {
            old = young;
            oldBytes = youngBytes;
            young = new HashMap<>();
            youngBytes = 0;
        }
        Generation generation = young.computeIfAbsent(tenant, _ -> new Generation());
        youngBytes += generation.add(id, frameIds, frames);
        return generation;
    }

    private interface FramesById {
        Frame frame(long id);
    }

    private static final class Generation implements FramesById {
        private static final long STACK_BYTES = 60;
        private static final long FRAME_BYTES = 120;

        private final LongIndex stackIndex = new LongIndex();
        private long[][] stacks = new long[16][];
        private final LongIndex frameIndex = new LongIndex();
        private Frame[] frames = new Frame[16];

        long @Nullable [] stack(long id) {
            int number = stackIndex.find(id);
            return number < 0 ? null : stacks[number];
        }

        @Override
        public Frame frame(long id) {
            return frames[frameIndex.find(id)];
        }

        void learn(long id, Frame frame) {
            int number = frameIndex.find(id);
            if (number >= 0) {
                frames[number] = frames[number].with(frame);
            }
        }

        long add(long id, long[] frameIds, FramesById source) {
            int number = stackIndex.add(id);
            if (number < 0) {
                return 0;
            }
            if (number == stacks.length) {
                stacks = Arrays.copyOf(stacks, number * 2);
            }
            stacks[number] = frameIds;
            long bytes = STACK_BYTES + (long) frameIds.length * Long.BYTES;
            for (long frameId : frameIds) {
                int frameNumber = frameIndex.add(frameId);
                if (frameNumber >= 0) {
                    if (frameNumber == frames.length) {
                        frames = Arrays.copyOf(frames, frameNumber * 2);
                    }
                    frames[frameNumber] = source.frame(frameId);
                    bytes += bytesOf(frames[frameNumber]);
                }
            }
            return bytes;
        }

        private static long bytesOf(Frame frame) {
            long bytes = FRAME_BYTES + frame.binary().length() + frame.buildId().length();
            for (Line line : frame.lines()) {
                bytes += FRAME_BYTES + line.function().length() + line.file().length();
                bytes += line.systemName().length();
            }
            return bytes;
        }
    }
}
