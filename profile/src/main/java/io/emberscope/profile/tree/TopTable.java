package io.emberscope.profile.tree;

import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// What each function costs, over all of a profile and exact.
///
/// @param type what the values count
/// @param total sum of all values
/// @param rows one for each function, by self, then by total, the largest first, then by name
public record TopTable(ProfileType type, long total, List<Row> rows) {
    /// Memory for each function: its sums, the stack it was last on, its row.
    private static final int BYTES_EACH = 72;

    private static final Comparator<Row> LARGEST_FIRST =
            Comparator.comparingLong(Row::self)
                    .thenComparingLong(Row::total)
                    .reversed()
                    .thenComparing(row -> row.function().name())
                    .thenComparing(row -> row.function().binary())
                    .thenComparing(row -> row.function().kind())
                    .thenComparing(row -> row.function().buildId());

    public TopTable {
        rows = List.copyOf(rows);
    }

    /// A function and its sums.
    ///
    /// @param function the function, as in [FlameTree]
    /// @param self sum of the stacks that end in it
    /// @param total sum of the stacks it is on; a stack counts once, however often it recurs
    public record Row(Function function, long self, long total) {}

    /// The table of a profile. Functions of stacks with value 0 only are left out; a sample without
    /// a stack is under `[no stack]`.
    ///
    /// @throws IllegalArgumentException if a value is negative or the sum of the values is 2^63 or
    ///   more
    public static TopTable of(MergedProfile profile) {
        return MemoryBudget.unlimited(budget -> of(profile, budget));
    }

    /// The same within a budget of memory.
    ///
    /// @throws IOException if the budget is too small
    public static TopTable of(MergedProfile profile, MemoryBudget budget) throws IOException {
        budget.reserve(Functions.bytes(profile.frames()));
        Functions functions = new Functions(profile.frames());
        budget.reserve((long) functions.size() * BYTES_EACH);
        long[] selves = new long[functions.size()];
        long[] totals = new long[functions.size()];
        int[] lastStack = new int[functions.size()];
        Arrays.fill(lastStack, -1);
        int[] path = new int[64];
        CheckedSum total = new CheckedSum();
        for (int i = 0; i < profile.values().length; i++) {
            long value = profile.values()[i];
            total.add(value);
            if (value == 0) {
                continue;
            }
            int[] stack = profile.stacks().get(i);
            int depth = functions.depth(stack);
            if (depth > path.length) {
                path = new int[Math.max(depth, path.length * 2)];
            }
            functions.expand(stack, path, 0);
            selves[functions.at(path[0])] += value;
            for (int j = 0; j < depth; j++) {
                int function = functions.at(path[j]);
                if (lastStack[function] != i) {
                    lastStack[function] = i;
                    totals[function] += value;
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < totals.length; i++) {
            if (totals[i] > 0) {
                rows.add(new Row(functions.get(i), selves[i], totals[i]));
            }
        }
        rows.sort(LARGEST_FIRST);
        return new TopTable(profile.type(), total.get(), rows);
    }
}
