package io.emberscope.profile.tree;

import io.emberscope.profile.Frame;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// How much of a profile was spent in code of which no function is known, and in which binaries;
/// exact over all of it. Only the innermost frame of a stack counts here.
///
/// @param value sum of the stacks whose innermost frame has no name
/// @param binaries those that these frames are in, by value, the largest first, then by name and
///   build id
public record UnnamedCode(long value, List<Row> binaries) {
    /// Memory for each frame: its binary, whether it was seen, and new texts.
    private static final int FRAME_BYTES = 120;

    /// Memory for each binary: what finds it, its sums, its row.
    private static final int ROW_BYTES = 120;

    private static final int NAMED = -1;

    private static final Comparator<Row> LARGEST_FIRST =
            Comparator.comparingLong(Row::value)
                    .reversed()
                    .thenComparing(Row::binary)
                    .thenComparing(Row::buildId);

    public UnnamedCode {
        binaries = List.copyOf(binaries);
    }

    /// A binary with code that has no name.
    ///
    /// @param binary as in [Frame], or empty
    /// @param buildId as in [Frame], or empty
    /// @param value sum of the stacks that end in such code of it
    /// @param addresses how many places that is
    public record Row(String binary, String buildId, long value, int addresses) {}

    /// The nameless code of a profile.
    ///
    /// @throws IllegalArgumentException if a value is negative or the sum of the values is 2^63 or
    ///   more
    public static UnnamedCode of(MergedProfile profile) {
        return MemoryBudget.unlimited(budget -> of(profile, budget));
    }

    /// The same within a budget of memory.
    ///
    /// @throws IOException if the budget is too small
    public static UnnamedCode of(MergedProfile profile, MemoryBudget budget) throws IOException {
        List<Frame> frames = profile.frames();
        budget.reserve((long) frames.size() * FRAME_BYTES);
        StringTable texts = new StringTable();
        IntSequences keys = new IntSequences();
        int[] binaries = new int[frames.size()];
        for (int i = 0; i < binaries.length; i++) {
            Frame frame = frames.get(i);
            binaries[i] =
                    frame.lines().isEmpty()
                            ? keys.add(texts.add(frame.binary()), texts.add(frame.buildId()))
                            : NAMED;
        }
        budget.reserve((long) keys.size() * ROW_BYTES);
        long[] values = new long[keys.size()];
        int[] addresses = new int[keys.size()];
        boolean[] isSeen = new boolean[frames.size()];
        CheckedSum all = new CheckedSum();
        for (int i = 0; i < profile.values().length; i++) {
            long value = profile.values()[i];
            all.add(value);
            int[] stack = profile.stacks().get(i);
            if (value == 0 || stack.length == 0 || binaries[stack[0]] == NAMED) {
                continue;
            }
            int leaf = stack[0];
            values[binaries[leaf]] += value;
            addresses[binaries[leaf]] += isSeen[leaf] ? 0 : 1;
            isSeen[leaf] = true;
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (values[i] > 0) {
                int[] key = keys.get(i);
                rows.add(new Row(texts.get(key[0]), texts.get(key[1]), values[i], addresses[i]));
            }
        }
        rows.sort(LARGEST_FIRST);
        return new UnnamedCode(Arrays.stream(values).sum(), rows);
    }
}
