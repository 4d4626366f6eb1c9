package io.emberscope.profile.tree;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// What each source line of one function costs, over all of a profile and exact.
///
/// The selves of the rows add up to that of the function. So do the totals, unless the function
/// calls itself: then a stack counts once for each line that it goes through, and once for the
/// function.
///
/// @param type what the values count
/// @param total sum of all values, of whatever function
/// @param functionSelf sum of the stacks that end in the function
/// @param functionTotal sum of the stacks that the function is on
/// @param rows one for each line, by total, then by self, the largest first, then by file and line
public record LineTable(
        ProfileType type, long total, long functionSelf, long functionTotal, List<Row> rows) {
    /// Memory for each frame and line: the row it counts for.
    private static final int PLACE_BYTES = Integer.BYTES;

    /// Memory for each row: what finds it, its sums, the stack it was last on, itself.
    private static final int ROW_BYTES = 200;

    private static final int NONE = -1;

    private static final Comparator<Row> LARGEST_FIRST =
            Comparator.comparingLong(Row::total)
                    .thenComparingLong(Row::self)
                    .reversed()
                    .thenComparing(Row::file)
                    .thenComparingInt(Row::line);

    public LineTable {
        rows = List.copyOf(rows);
    }

    /// A line and its sums.
    ///
    /// @param file source file, or empty if it is not known
    /// @param line from 1, or 0 if it is not known
    /// @param self sum of the stacks that end in it
    /// @param total sum of the stacks that go through it; a stack counts once
    public record Row(String file, int line, long self, long total) {}

    /// The lines of the functions with that name, which are those that a [TopTable] has.
    ///
    /// @param function name of the function as it is shown
    /// @param binary of the function as in [Frame]; empty for those of all binaries
    /// @throws IllegalArgumentException if a value is negative or the sum of the values is 2^63 or
    ///   more
    public static LineTable of(MergedProfile profile, String function, String binary) {
        return MemoryBudget.unlimited(budget -> of(profile, function, binary, budget));
    }

    /// The same within a budget of memory.
    ///
    /// @throws IOException if the budget is too small
    public static LineTable of(
            MergedProfile profile, String function, String binary, MemoryBudget budget)
            throws IOException {
        budget.reserve(Functions.bytes(profile.frames()));
        Functions functions = new Functions(profile.frames());
        budget.reserve((long) functions.places() * PLACE_BYTES);
        Counting counting = new Counting(functions, function, binary, budget);
        counting.findRows(profile.frames());
        for (int i = 0; i < profile.values().length; i++) {
            counting.add(profile.stacks().get(i), profile.values()[i], i);
        }
        return counting.result(profile.type());
    }

    private static final class Counting {
        private final Functions functions;
        private final MemoryBudget budget;
        private final boolean[] asked;
        // By place: the row it counts for, or NONE.
        private final int[] rows;
        private final StringTable files = StringTable.withEmptyFirst();
        private final IntSequences keys = new IntSequences();
        // By row.
        private long[] selves = {};
        private long[] totals = {};
        private int[] lastStack = {};
        private int[] path = new int[64];
        private final CheckedSum total = new CheckedSum();
        private long functionSelf;
        private long functionTotal;

        Counting(Functions functions, String name, String binary, MemoryBudget budget) {
            this.functions = functions;
            this.budget = budget;
            asked = new boolean[functions.size()];
            for (int i = 0; i < asked.length; i++) {
                Function function = functions.get(i);
                asked[i] =
                        function.name().equals(name)
                                && (binary.isEmpty() || function.binary().equals(binary));
            }
            rows = new int[functions.places()];
            Arrays.fill(rows, NONE);
        }

        void findRows(List<Frame> frames) throws IOException {
            for (int i = 0; i < frames.size(); i++) {
                int first = functions.firstPlace(i);
                for (int place = first; place < functions.firstPlace(i + 1); place++) {
                    if (asked[functions.at(place)]) {
                        List<Line> lines = frames.get(i).lines();
                        rows[place] =
                                lines.isEmpty()
                                        ? row("", 0)
                                        : row(
                                                lines.get(place - first).file(),
                                                lines.get(place - first).line());
                    }
                }
            }
            int noStack = functions.noStackPlace();
            if (asked[functions.at(noStack)]) {
                rows[noStack] = row("", 0);
            }
            selves = new long[keys.size()];
            totals = new long[keys.size()];
            lastStack = new int[keys.size()];
            Arrays.fill(lastStack, NONE);
        }

        private int row(String file, int line) throws IOException {
            int rowsBefore = keys.size();
            int row = keys.add(files.add(file), line);
            if (row == rowsBefore) {
                budget.reserve(ROW_BYTES);
            }
            return row;
        }

        void add(int[] stack, long value, int number) {
            total.add(value);
            if (value == 0) {
                return;
            }
            int depth = functions.depth(stack);
            if (depth > path.length) {
                path = new int[Math.max(depth, path.length * 2)];
            }
            functions.expand(stack, path, 0);
            int leaf = rows[path[0]];
            if (leaf != NONE) {
                selves[leaf] += value;
                functionSelf += value;
            }
            boolean isOn = false;
            for (int i = 0; i < depth; i++) {
                isOn |= addTotal(rows[path[i]], value, number);
            }
            if (isOn) {
                functionTotal += value;
            }
        }

        /// Returns whether it is one of the function's rows.
        private boolean addTotal(int row, long value, int stack) {
            if (row == NONE) {
                return false;
            }
            if (lastStack[row] != stack) {
                lastStack[row] = stack;
                totals[row] += value;
            }
            return true;
        }

        LineTable result(ProfileType type) {
            List<Row> found = new ArrayList<>();
            for (int i = 0; i < totals.length; i++) {
                if (totals[i] > 0) {
                    int[] key = keys.get(i);
                    found.add(new Row(files.get(key[0]), key[1], selves[i], totals[i]));
                }
            }
            found.sort(LARGEST_FIRST);
            return new LineTable(type, total.get(), functionSelf, functionTotal, found);
        }
    }
}
