package io.emberscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.FlameTree;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallTreeTest {
    private static final Colors PLAIN = new Colors(false);

    private static Frame frame(String name) {
        return new Frame(FrameKind.NATIVE, "", "app", 0, List.of(Line.named(name)));
    }

    private static FlameTree tree(List<Frame> frames, List<int[]> stacks, long... values) {
        MergedProfile profile = new MergedProfile(ProfileType.CPU, 0, 1, frames, stacks, values);
        return FlameTree.of(profile, FlameTree.NODES_MAX);
    }

    @Test
    void onlyBranchesMoveToTheRight() {
        FlameTree tree =
                tree(
                        List.of(frame("a"), frame("b"), frame("c"), frame("d"), frame("e")),
                        List.of(new int[] {3, 2, 1, 0}, new int[] {4, 2, 1, 0}),
                        3,
                        1);
        assertThat(CallTree.of(tree, 0, PLAIN, 80))
                .isEqualTo(
                        """
                        100.0%  all  4ns
                        100.0%  └─ a  app
                        100.0%     b  app
                        100.0%     c  app
                         75.0%     ├─ d  app
                         25.0%     └─ e  app
                        """);
    }

    @Test
    void deepAndWideTreesFitTheWidth() {
        // Each function calls itself and spends a little on its own: a branch at every depth.
        int depth = 1000;
        List<int[]> stacks = new ArrayList<>();
        long[] values = new long[depth];
        for (int i = 0; i < depth; i++) {
            stacks.add(new int[i + 1]);
            values[i] = 1;
        }
        FlameTree tree = tree(List.of(frame("recurse")), stacks, values);
        String text = CallTree.of(tree, 0, PLAIN, 80);
        assertThat(text.lines()).allMatch(line -> line.codePointCount(0, line.length()) <= 80);
        assertThat(text.lines().toList().getLast()).contains(" deeper ones");
        assertThat(CallTree.folded(tree).lines()).hasSize(depth);
    }

    @Test
    void longNamesAreCut() {
        FlameTree tree = tree(List.of(frame("n".repeat(500))), List.of(new int[] {0}), 1);
        assertThat(CallTree.of(tree, 0, PLAIN, 60).lines())
                .allMatch(line -> line.length() <= 60)
                .anyMatch(line -> line.endsWith("n…"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nothingOfAnyTreeIsLost(long seed) {
        MergedProfile profile = merged(seed);
        FlameTree whole = FlameTree.of(profile, FlameTree.NODES_MAX);
        assertThat(sum(CallTree.folded(whole))).isEqualTo(profile.total());
        FlameTree cut = FlameTree.of(profile, 7);
        assertThat(sum(CallTree.folded(cut))).isEqualTo(profile.total());
        assertThat(CallTree.of(cut, 0, PLAIN, 80)).contains("smaller one");
    }

    @Test
    void anEmptyTreeIsOneLine() {
        assertThat(CallTree.of(tree(List.of(), List.of()), 1, PLAIN, 80))
                .isEqualTo("  0.0%  all  0ns\n");
    }

    private static MergedProfile merged(long seed) {
        var batch = Profiles.node(seed, 5);
        List<int[]> stacks = new ArrayList<>();
        List<Long> values = new ArrayList<>();
        for (var profile : batch.profiles()) {
            for (int i = 0; i < profile.size(); i++) {
                stacks.add(batch.stacks().get(profile.stacks()[i]));
                values.add(profile.values()[i]);
            }
        }
        return new MergedProfile(
                ProfileType.CPU,
                0,
                1,
                batch.frames(),
                stacks,
                values.stream().mapToLong(Long::longValue).toArray());
    }

    private static long sum(String folded) {
        return folded.lines()
                .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
