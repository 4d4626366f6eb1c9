package io.emberscope.profile.tree;

import io.emberscope.profile.CutMark;
import io.emberscope.profile.CutReason;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.StringTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How much of a profile has stacks that reach their root, and where and why the others end; exact
/// over all of it. What counts as cut is defined by [CutMark].
///
/// @param type what the values count
/// @param total sum of all values
/// @param complete sum of the stacks that are whole
/// @param cuts sums of the others by reason, the largest first, then by reason
/// @param binaries those that a stack was cut in, by how much, the largest first, then by name
public record StackQuality(
        ProfileType type, long total, long complete, List<Cut> cuts, List<Row> binaries) {
    /// Memory for each frame: the numbers of its binary and its reason, and new texts.
    private static final int BYTES_EACH = 120;

    /// Memory for each binary and reason that come together, with their place in the answer.
    private static final int PAIR_BYTES = 200;

    private static final int NONE = -1;

    private static final Comparator<Cut> LARGEST_FIRST =
            Comparator.comparingLong(Cut::value).reversed().thenComparing(Cut::reason);

    public StackQuality {
        cuts = List.copyOf(cuts);
        binaries = List.copyOf(binaries);
    }

    /// A sum of stacks that end early.
    ///
    /// @param reason as the mark says it, such as [CutReason#text]
    public record Cut(String reason, long value) {}

    /// A binary in which stacks end early: the outermost frame that was found is in it.
    ///
    /// @param binary as in [Frame], or its build id if it has no name; empty if there is neither,
    ///   as for a stack without frames
    /// @param total sum of the stacks that it is on, whole or not
    /// @param cut sum of the stacks that end early in it
    /// @param cuts that by reason, the largest first
    public record Row(String binary, long total, long cut, List<Cut> cuts) {
        public Row {
            cuts = List.copyOf(cuts);
        }
    }

    /// The quality of a profile's stacks.
    ///
    /// @throws IllegalArgumentException if a value is negative or the sum of the values is 2^63 or
    ///   more
    public static StackQuality of(MergedProfile profile) {
        return MemoryBudget.unlimited(budget -> of(profile, budget));
    }

    /// The same within a budget of memory.
    ///
    /// @throws IOException if the budget is too small
    public static StackQuality of(MergedProfile profile, MemoryBudget budget) throws IOException {
        budget.reserve((long) profile.frames().size() * BYTES_EACH);
        Counting counting = new Counting(profile.frames(), budget);
        for (int i = 0; i < profile.values().length; i++) {
            if (profile.values()[i] != 0) {
                counting.add(profile.stacks().get(i), profile.values()[i], i);
            }
        }
        return counting.result(profile.type());
    }

    private static final class Counting {
        private final MemoryBudget budget;
        private final StringTable texts = StringTable.withEmptyFirst();
        // By frame: the number of its binary's name, and of its reason if it is a mark.
        private final int[] binaries;
        private final int[] reasons;
        private final boolean[] labels;
        private final int noStack;
        // By number of a name.
        private final long[] totals;
        private final int[] lastStack;
        // By the numbers of a binary's name and a reason.
        private final Map<Long, long[]> cuts = new HashMap<>();
        private final CheckedSum total = new CheckedSum();
        private long complete;

        Counting(List<Frame> frames, MemoryBudget budget) {
            this.budget = budget;
            binaries = new int[frames.size()];
            reasons = new int[frames.size()];
            labels = new boolean[frames.size()];
            for (int i = 0; i < binaries.length; i++) {
                Frame frame = frames.get(i);
                binaries[i] = texts.add(nameOf(frame));
                reasons[i] = CutMark.reason(frame).map(texts::add).orElse(NONE);
                labels[i] = frame.kind() == FrameKind.LABEL;
            }
            noStack = texts.add(CutReason.NO_STACK.text());
            totals = new long[texts.size()];
            lastStack = new int[texts.size()];
            Arrays.fill(lastStack, -1);
        }

        private static String nameOf(Frame frame) {
            return frame.binary().isEmpty() ? frame.buildId() : frame.binary();
        }

        void add(int[] stack, long value, int number) throws IOException {
            total.add(value);
            int depth = stack.length;
            // What an answer was grouped by stands outside of the stack.
            while (depth > 0 && labels[stack[depth - 1]]) {
                depth--;
            }
            int reason = depth == 0 ? noStack : reasons[stack[depth - 1]];
            if (depth > 0 && reason != NONE) {
                depth--;
            }
            for (int i = 0; i < depth; i++) {
                addTotal(binaries[stack[i]], value, number);
            }
            if (reason == NONE) {
                complete += value;
                return;
            }
            int binary = depth == 0 ? 0 : binaries[stack[depth - 1]];
            addTotal(binary, value, number);
            long pair = (long) binary << Integer.SIZE | reason;
            long[] sum = cuts.get(pair);
            if (sum == null) {
                budget.reserve(PAIR_BYTES);
                sum = new long[1];
                cuts.put(pair, sum);
            }
            sum[0] += value;
        }

        private void addTotal(int binary, long value, int stack) {
            if (lastStack[binary] != stack) {
                lastStack[binary] = stack;
                totals[binary] += value;
            }
        }

        StackQuality result(ProfileType type) {
            Map<String, Long> byReason = new HashMap<>();
            Map<Integer, List<Cut>> byBinary = new HashMap<>();
            cuts.forEach(
                    (pair, sum) -> {
                        Cut cut = new Cut(texts.get(pair.intValue()), sum[0]);
                        byReason.merge(cut.reason(), cut.value(), Long::sum);
                        byBinary.computeIfAbsent(
                                        (int) (pair >>> Integer.SIZE), _ -> new ArrayList<>())
                                .add(cut);
                    });
            List<Row> rows = new ArrayList<>(byBinary.size());
            byBinary.forEach(
                    (binary, all) -> {
                        all.sort(LARGEST_FIRST);
                        long cut = all.stream().mapToLong(Cut::value).sum();
                        rows.add(new Row(texts.get(binary), totals[binary], cut, all));
                    });
            rows.sort(Comparator.comparingLong(Row::cut).reversed().thenComparing(Row::binary));
            List<Cut> reasonSums = new ArrayList<>(byReason.size());
            byReason.forEach((reason, value) -> reasonSums.add(new Cut(reason, value)));
            reasonSums.sort(LARGEST_FIRST);
            return new StackQuality(type, total.get(), complete, reasonSums, rows);
        }
    }
}
