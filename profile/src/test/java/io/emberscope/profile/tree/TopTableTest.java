package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.TopTable.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopTableTest {
    @Test
    void rowsAreSortedBySelfThenTotal() {
        TopTable table = TopTable.of(Profiles.merge(Profiles.cpu()));
        assertThat(table.total()).isEqualTo(1_000_000_000);
        assertThat(table.rows())
                .extracting(row -> row.function().name() + " " + row.self() + " " + row.total())
                .containsExactly(
                        "work 600000000 600000000",
                        "rest 300000000 300000000",
                        "do_syscall_64 100000000 100000000",
                        "main 0 1000000000");
    }

    @Test
    void equalRowsAreSortedByNameThenBinaryThenKindThenBuild() {
        List<Line> b = List.of(Line.named("b"));
        List<Line> a = List.of(Line.named("a"));
        List<Frame> frames =
                List.of(
                        new Frame(FrameKind.NATIVE, "", "x", 0, b),
                        new Frame(FrameKind.NATIVE, "", "y", 0, a),
                        new Frame(FrameKind.GO, "", "x", 0, a),
                        new Frame(FrameKind.NATIVE, "", "x", 0, a),
                        new Frame(FrameKind.NATIVE, "bb", "z", 1, List.of()),
                        new Frame(FrameKind.NATIVE, "aa", "z", 1, List.of()),
                        new Frame(FrameKind.NATIVE, "", "x", 0, List.of(Line.named("caller"))));
        List<int[]> stacks = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            stacks.add(i == 0 ? new int[] {0, 6} : new int[] {i});
        }
        TopTable table =
                TopTable.of(
                        new MergedProfile(
                                ProfileType.CPU,
                                0,
                                0,
                                frames,
                                stacks,
                                new long[] {1, 1, 1, 1, 1, 1}));
        assertThat(table.rows())
                .extracting(
                        row ->
                                row.function().name()
                                        + ' '
                                        + row.function().binary()
                                        + ' '
                                        + row.function().kind()
                                        + row.function().buildId())
                .containsExactly(
                        "a x NATIVE",
                        "a x GO",
                        "a y NATIVE",
                        "b x NATIVE",
                        "z+0x1 z NATIVEaa",
                        "z+0x1 z NATIVEbb",
                        "caller x NATIVE");
    }

    @Test
    void sumsEqualThoseOfTheFlameTreeAndRecursionCountsOnce() {
        for (long seed = 0; seed < 300; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            FlameTree tree = FlameTree.of(profile, FlameTree.NODES_MAX);
            Map<Function, Long> selves = new HashMap<>();
            Map<Function, Long> totals = new HashMap<>();
            List<Function> path = new ArrayList<>();
            for (int i = 0; i < tree.size(); i++) {
                Function function = tree.functions().get(tree.function(i));
                while (path.size() > tree.level(i)) {
                    path.removeLast();
                }
                selves.merge(function, tree.self(i), Long::sum);
                totals.merge(function, path.contains(function) ? 0 : tree.total(i), Long::sum);
                path.add(function);
            }
            TopTable table = TopTable.of(profile);
            assertThat(table.rows())
                    .as("seed %d", seed)
                    .hasSize(totals.size())
                    .allSatisfy(
                            row -> {
                                assertThat(row.self()).isEqualTo(selves.get(row.function()));
                                assertThat(row.total()).isEqualTo(totals.get(row.function()));
                            });
            assertThat(table.rows().stream().mapToLong(Row::self).sum())
                    .as("seed %d", seed)
                    .isEqualTo(profile.total());
            assertThat(new HashSet<>(table.rows())).hasSameSizeAs(table.rows());
        }
    }

    @Test
    void codeWithoutAFileIsOneFunctionAndThatOfAFileIsNot() {
        List<Frame> frames =
                List.of(
                        new Frame(FrameKind.NATIVE, "", "[anon]", 0x10, List.of()),
                        new Frame(FrameKind.NATIVE, "", "[anon]", 0x20, List.of()),
                        new Frame(FrameKind.KERNEL, "ab", "[kernel]", 0x10, List.of()),
                        new Frame(FrameKind.KERNEL, "ab", "[kernel]", 0x20, List.of()),
                        new Frame(FrameKind.NATIVE, "", "/bin/a", 0x10, List.of()),
                        new Frame(FrameKind.NATIVE, "", "/bin/a", 0x20, List.of()));
        List<int[]> stacks = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            stacks.add(new int[] {i});
        }
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU, 0, 1, frames, stacks, new long[] {1, 2, 4, 8, 16, 32});
        assertThat(TopTable.of(profile).rows())
                .extracting(row -> row.function().name() + ' ' + row.self())
                .containsExactly(
                        "a+0x20 32", "a+0x10 16", "[kernel]+0x20 8", "[kernel]+0x10 4", "[anon] 3");
    }
}
