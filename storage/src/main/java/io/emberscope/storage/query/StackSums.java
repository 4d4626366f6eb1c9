package io.emberscope.storage.query;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Sums of values by stack; if a label is named, apart for each of its values. Not safe for use by
/// several threads.
public final class StackSums {
    /// Values of the label at most.
    public static final int GROUPS_MAX = 1_000;

    private static final String NO_VALUE = "(none)";

    /// Takes the samples of some series.
    @FunctionalInterface
    public interface Sink {
        /// Adds a sample.
        ///
        /// @throws QueryStoppedException if a sum would not fit 64 bits or the tables the budget
        void add(long stack, long value) throws QueryStoppedException;
    }

    private record Group(LongSums sums, Sink sink) {}

    private final QueryContext context;
    private final @Nullable String label;
    private final LongSums all;
    private final Sink ungrouped;
    private final Map<String, Group> groups = new TreeMap<>();

    /// @param label whose values are summed apart, or null for one sum of all
    public StackSums(@Nullable String label, QueryContext context) {
        this.context = context;
        this.label = label;
        this.all = new LongSums(context);
        this.ungrouped = all::add;
    }

    /// Where the samples of a series with these labels go; the same object for all series that are
    /// summed together.
    public Sink sink(Labels labels) throws QueryStoppedException {
        if (label == null) {
            return ungrouped;
        }
        String value = labels.get(label);
        Group group = groups.get(value);
        if (group == null) {
            checkRoom(label, groups.size());
            LongSums sums = new LongSums(context);
            group =
                    new Group(
                            sums,
                            (stack, amount) -> {
                                all.add(stack, amount);
                                sums.add(stack, amount);
                            });
            groups.put(value, group);
        }
        return group.sink;
    }

    /// Refuses a value more than there may be.
    static void checkRoom(String label, int groups) throws QueryStoppedException {
        if (groups >= GROUPS_MAX) {
            throw new QueryStoppedException(
                    Reason.SIZE,
                    "groupBy: " + label + " has more than " + GROUPS_MAX + " values here");
        }
    }

    /// Sums over all groups; the stacks are numbered in the order in which they came.
    public LongSums all() {
        return all;
    }

    /// The sums with their stacks. The stacks of a group get a frame more at their root, of the
    /// kind [FrameKind#LABEL], that has the value as its name and the label as its binary.
    ///
    /// @param resolver knows every stack of [#all]
    public MergedProfile merged(ProfileType type, TimeRange range, StackResolver resolver)
            throws QueryStoppedException {
        List<Frame> frames = resolver.frames();
        List<int[]> stacks = resolver.stacks();
        long[] values = all.sums();
        if (label != null) {
            frames = new ArrayList<>(frames);
            int size = groups.values().stream().mapToInt(group -> group.sums.size()).sum();
            context.reserve((long) size * 2 * Long.BYTES);
            List<int[]> grouped = new ArrayList<>(size);
            values = new long[size];
            for (Map.Entry<String, Group> entry : groups.entrySet()) {
                LongSums sums = entry.getValue().sums;
                System.arraycopy(sums.sums(), 0, values, grouped.size(), sums.size());
                for (int i = 0; i < sums.size(); i++) {
                    grouped.add(rooted(stacks.get(all.find(sums.id(i))), frames.size()));
                }
                frames.add(root(label, entry.getKey()));
            }
            stacks = grouped;
        }
        return new MergedProfile(
                type, range.startNanos(), range.durationNanos(), frames, stacks, values);
    }

    private int[] rooted(int[] stack, int root) throws QueryStoppedException {
        context.reserve(16 + (stack.length + 1L) * Integer.BYTES);
        int[] rooted = Arrays.copyOf(stack, stack.length + 1);
        rooted[stack.length] = root;
        return rooted;
    }

    private static Frame root(String label, String value) {
        String name = value.isEmpty() ? NO_VALUE : value;
        return new Frame(FrameKind.LABEL, "", label, 0, List.of(Line.named(name)));
    }
}
