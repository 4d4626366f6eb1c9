package io.emberscope.storage.window;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.ContentHash;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import java.util.Arrays;
import java.util.List;

/// A checked batch with the content ids of everything that its samples refer to. Making one is the
/// costly part of storing a batch and happens in the thread that brought it.
///
/// What no sample refers to has the id 0 here and is not stored; a profile without samples is as if
/// it were not there.
public final class PreparedBatch {
    private static final int[] UNUSED = {};

    private final TenantId tenant;
    private final ProfileBatch batch;
    private final long[] frameIds;
    private final long[] stackIds;
    private final long[] seriesIds;
    private final boolean[] stackUsed;
    private final int[] usedFrames;
    private final long rows;

    private PreparedBatch(
            TenantId tenant,
            ProfileBatch batch,
            long[] frameIds,
            long[] stackIds,
            long[] seriesIds,
            boolean[] stackUsed,
            int[] usedFrames,
            long rows) {
        this.tenant = tenant;
        this.batch = batch;
        this.frameIds = frameIds;
        this.stackIds = stackIds;
        this.seriesIds = seriesIds;
        this.stackUsed = stackUsed;
        this.usedFrames = usedFrames;
        this.rows = rows;
    }

    /// Checks the indices of a batch and computes the ids.
    ///
    /// @throws MalformedInputException if an index points outside the batch
    public static PreparedBatch of(TenantId tenant, ProfileBatch batch)
            throws MalformedInputException {
        List<int[]> stacks = batch.stacks();
        List<Profile> profiles = batch.profiles();
        boolean[] stackUsed = new boolean[stacks.size()];
        long rows = 0;
        for (Profile profile : profiles) {
            for (int stack : profile.stacks()) {
                if (stack < 0 || stack >= stackUsed.length) {
                    throw outside("stack", stack, stackUsed.length);
                }
                stackUsed[stack] = true;
            }
            rows += profile.size();
        }
        ContentHash hash = new ContentHash();
        long[] frameIds = new long[batch.frames().size()];
        boolean[] frameUsed = framesUsed(stacks, stackUsed, frameIds.length);
        for (int i = 0; i < frameIds.length; i++) {
            if (frameUsed[i]) {
                frameIds[i] = batch.frames().get(i).id(hash);
            }
        }
        long[] stackIds = new long[stacks.size()];
        for (int i = 0; i < stackIds.length; i++) {
            if (stackUsed[i]) {
                stackIds[i] = stackId(hash, stacks.get(i), frameIds);
            }
        }
        long[] seriesIds = new long[profiles.size()];
        for (int i = 0; i < seriesIds.length; i++) {
            if (profiles.get(i).size() > 0) {
                seriesIds[i] = profiles.get(i).series().id(hash);
            }
        }
        return new PreparedBatch(
                tenant, batch, frameIds, stackIds, seriesIds, stackUsed, used(frameUsed), rows);
    }

    /// Who owns the batch.
    public TenantId tenant() {
        return tenant;
    }

    /// The batch itself.
    public ProfileBatch batch() {
        return batch;
    }

    /// How many samples the batch has.
    public long rows() {
        return rows;
    }

    long seriesId(int profile) {
        return seriesIds[profile];
    }

    int stackCount() {
        return stackIds.length;
    }

    boolean isStackUsed(int stack) {
        return stackUsed[stack];
    }

    long stackId(int stack) {
        return stackIds[stack];
    }

    /// The ids of a stack's frames, leaf first.
    long[] stackFrames(int stack) {
        int[] frames = batch.stacks().get(stack);
        long[] ids = new long[frames.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = frameIds[frames[i]];
        }
        return ids;
    }

    /// Whether a stack has just these frames.
    boolean hasFrames(int stack, long[] ids) {
        int[] frames = batch.stacks().get(stack);
        if (frames.length != ids.length) {
            return false;
        }
        for (int i = 0; i < ids.length; i++) {
            if (frameIds[frames[i]] != ids[i]) {
                return false;
            }
        }
        return true;
    }

    /// Indices of the frames that are used.
    int[] usedFrames() {
        return usedFrames;
    }

    long frameId(int frame) {
        return frameIds[frame];
    }

    Frame frame(int frame) {
        return batch.frames().get(frame);
    }

    /// The content id of a stack: its depth and the ids of its frames, leaf first.
    private static long stackId(ContentHash hash, int[] stack, long[] frameIds) {
        hash.add(stack.length);
        for (int frame : stack) {
            hash.add(frameIds[frame]);
        }
        return hash.finish();
    }

    private static boolean[] framesUsed(List<int[]> stacks, boolean[] stackUsed, int frames)
            throws MalformedInputException {
        boolean[] used = new boolean[frames];
        for (int i = 0; i < stackUsed.length; i++) {
            if (stackUsed[i]) {
                for (int frame : stacks.get(i)) {
                    if (frame < 0 || frame >= frames) {
                        throw outside("frame", frame, frames);
                    }
                    used[frame] = true;
                }
            }
        }
        return used;
    }

    private static int[] used(boolean[] flags) {
        int[] indices = new int[flags.length];
        int count = 0;
        for (int i = 0; i < flags.length; i++) {
            if (flags[i]) {
                indices[count++] = i;
            }
        }
        return count == 0 ? UNUSED : Arrays.copyOf(indices, count);
    }

    private static MalformedInputException outside(String what, int index, int count) {
        return new MalformedInputException(
                "batch: " + what + " index " + index + " (expected: 0.." + (count - 1) + ")");
    }
}
