package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FlameTreeTest {
    private static final boolean LONG = Boolean.getBoolean("long");
    private static final int SEEDS = LONG ? 300 : 100;
    private static final int DAMAGES = LONG ? 200_000 : 50_000;

    @Test
    void childrenAreSortedByTotalAndEveryNodeAddsUp() {
        FlameTree tree = FlameTree.of(Profiles.merge(Profiles.cpu()), 100);
        assertThat(text(tree))
                .isEqualTo(
                        """
                        main 1000000000 0
                         work 600000000 600000000
                         rest 300000000 300000000
                         do_syscall_64 100000000 100000000
                        """);
        assertThat(tree.total()).isEqualTo(1_000_000_000);
        assertThat(tree.fullSize()).isEqualTo(4);
        assertThat(tree.functions().get(tree.function(1)))
                .isEqualTo(
                        new Function(
                                "work",
                                "/usr/bin/web",
                                FrameKind.NATIVE,
                                "0123456789abcdef0123456789abcdef01234567"));
    }

    @Test
    void equalTotalsAreSortedByName() {
        FlameTree tree = FlameTree.of(merged(List.of("b", "c", "a"), 5, 7, 5), 10);
        assertThat(text(tree)).isEqualTo("c 7 7\na 5 5\nb 5 5\n");
    }

    @Test
    void whatIsCutHasOneStandInForEachParent() {
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        0,
                        0,
                        List.of(named("a"), named("b"), named("c"), named("d"), named("e")),
                        List.of(
                                new int[] {1, 0},
                                new int[] {2, 0},
                                new int[] {4, 3, 0},
                                new int[] {3},
                                new int[] {4}),
                        new long[] {50, 3, 2, 4, 1});
        assertThat(text(FlameTree.of(profile, 7)))
                .isEqualTo("a 55 0\n b 50 50\n c 3 3\n d 2 0\n  e 2 2\nd 4 4\ne 1 1\n");
        FlameTree cut = FlameTree.of(profile, 4);
        assertThat(text(cut)).isEqualTo("a 55 0\n b 50 50\n hidden(3) 5 0\nhidden(2) 5 0\n");
        assertThat(cut.fullSize()).isEqualTo(7);
        assertThat(text(FlameTree.of(profile, 1))).isEqualTo("hidden(7) 60 0\n");
    }

    @Test
    void inlinedFunctionsAreNodesOfTheirOwn() {
        Frame inlined =
                new Frame(
                        FrameKind.NATIVE,
                        "",
                        "/bin/x",
                        1,
                        List.of(Line.named("inner"), Line.named("outer")));
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        0,
                        0,
                        List.of(inlined, named("main")),
                        List.of(new int[] {0, 1}),
                        new long[] {3});
        assertThat(text(FlameTree.of(profile, 9))).isEqualTo("main 3 0\n outer 3 0\n  inner 3 3\n");
    }

    @Test
    void placesWithoutANameAreBinaryAndOffset() {
        List<Frame> frames =
                List.of(
                        new Frame(FrameKind.NATIVE, "aa", "/usr/lib/libc.so.6", 0x1f, List.of()),
                        new Frame(FrameKind.NATIVE, "bb", "/usr/lib/libc.so.6", 0x1f, List.of()),
                        new Frame(FrameKind.KERNEL, "", "[kernel]", 16, List.of()),
                        new Frame(FrameKind.NATIVE, "cc", "", 16, List.of()),
                        new Frame(FrameKind.UNKNOWN, "", "", -1, List.of()),
                        new Frame(FrameKind.UNKNOWN, "", "dir/", 16, List.of()));
        List<int[]> stacks = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            stacks.add(new int[] {i});
        }
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU, 0, 0, frames, stacks, new long[] {6, 5, 4, 3, 2, 1});
        assertThat(text(FlameTree.of(profile, 9)))
                .isEqualTo(
                        """
                        libc.so.6+0x1f 6 6
                        libc.so.6+0x1f 5 5
                        [kernel]+0x10 4 4
                        cc+0x10 3 3
                        0xffffffffffffffff 2 2
                        dir/+0x10 1 1
                        """);
    }

    @Test
    void framesOfOneFunctionAreOneNodeInAllTheirLines() {
        Line main = new Line("main", "", "main.c", 5);
        List<Frame> frames =
                List.of(
                        code("aa", new Line("f", "", "f.c", 12)),
                        code("bb", new Line("f", "", "f.c", 10)),
                        code("aa", new Line("f", "", "f.c", 11), main),
                        code("aa", Line.named("f")),
                        code("aa", main),
                        code("aa", new Line("g", "", "g.c", 1), main),
                        code("aa", new Line("h", "", "h.c", 1)),
                        code("aa", new Line("h", "", "other.c", 2)),
                        code("aa", new Line("h", "", "h.c", 3)));
        List<int[]> stacks =
                List.of(
                        new int[] {0, 4},
                        new int[] {1, 4},
                        new int[] {2},
                        new int[] {3, 4},
                        new int[] {5},
                        new int[] {6, 4},
                        new int[] {7, 4},
                        new int[] {8, 4},
                        new int[] {8});
        FlameTree tree =
                FlameTree.of(
                        new MergedProfile(
                                ProfileType.CPU,
                                0,
                                0,
                                frames,
                                stacks,
                                new long[] {100, 100, 100, 100, 50, 10, 10, 10, 1}),
                        9);
        assertThat(text(tree)).isEqualTo("main 480 0\n f 400 400\n g 50 50\n h 30 30\nh 1 1\n");
        assertThat(IntStream.range(0, 5).mapToObj(i -> source(tree, i)))
                .containsExactly(
                        "main.c:5-5 NONE",
                        "f.c:10-12 SOME",
                        "g.c:1-1 ALL",
                        ":0-0 NONE",
                        "h.c:3-3 NONE");
        assertThat(tree.functions().get(1)).isEqualTo(new Function("f", "b", FrameKind.NATIVE, ""));
    }

    private static Frame code(String buildId, Line... lines) {
        return new Frame(FrameKind.NATIVE, buildId, "b", 1, List.of(lines));
    }

    private static String source(FlameTree tree, int node) {
        return tree.files().get(tree.file(node))
                + ':'
                + tree.line(node)
                + '-'
                + tree.lastLine(node)
                + ' '
                + tree.inlining(node);
    }

    @Test
    void samplesWithoutAStackAreNotLost() {
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU, 0, 0, List.of(), List.of(new int[0]), new long[] {7});
        assertThat(text(FlameTree.of(profile, 5))).isEqualTo("[no stack] 7 7\n");
        assertThat(TopTable.of(profile).rows()).hasSize(1);
    }

    @Test
    void aProfileWithoutSamplesIsATreeWithoutNodes() throws Exception {
        MergedProfile empty =
                new MergedProfile(ProfileType.CPU, 1, 2, List.of(), List.of(), new long[0]);
        FlameTree tree = FlameTree.decode(FlameTree.of(empty, 5).encode());
        assertThat(tree.size()).isZero();
        assertThat(tree.total()).isZero();
        assertThat(tree.startNanos()).isEqualTo(1);
        assertThat(tree.durationNanos()).isEqualTo(2);
    }

    @Test
    void manyChildrenAreSortedToo() {
        for (int count : new int[] {16, 17, 32, 33, 100, 5_000}) {
            Random random = new Random(count);
            List<String> names = new ArrayList<>();
            long[] values = new long[count];
            for (int i = 0; i < count; i++) {
                names.add("f" + i);
                // Few values, so that names decide very often.
                values[i] = random.nextLong(1, 2 + count / 4);
            }
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                order.add(i);
            }
            order.sort(
                    Comparator.comparingLong((Integer i) -> -values[i]).thenComparing(names::get));
            StringBuilder expected = new StringBuilder();
            for (int i : order) {
                expected.append(names.get(i)).append(' ').append(values[i]);
                expected.append(' ').append(values[i]).append('\n');
            }
            FlameTree tree = FlameTree.of(merged(names, values), FlameTree.NODES_MAX);
            assertThat(text(tree)).isEqualTo(expected.toString());
        }
    }

    @Test
    void theLargestSumIsStillExact() {
        FlameTree tree = FlameTree.of(merged(List.of("a", "b"), Long.MAX_VALUE - 1, 1), 5);
        assertThat(tree.total()).isEqualTo(Long.MAX_VALUE);
        assertThat(TopTable.of(merged(List.of("a", "b"), Long.MAX_VALUE - 1, 1)).total())
                .isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void valuesThatDoNotAddUpAreRefused() {
        assertThatThrownBy(() -> TopTable.of(merged(List.of("a", "b"), Long.MAX_VALUE, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TopTable.of(merged(List.of("a"), -1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FlameTree.of(merged(List.of("a", "b"), Long.MAX_VALUE, 1), 5))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FlameTree.of(merged(List.of("a"), -1), 5))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FlameTree.of(merged(List.of("a"), 1), 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aVeryDeepStackIsJustDeep() {
        int depth = 200_000;
        int[] stack = new int[depth];
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU, 0, 0, List.of(named("f")), List.of(stack), new long[] {1});
        FlameTree tree = FlameTree.of(profile, FlameTree.NODES_MAX);
        assertThat(tree.size()).isEqualTo(depth);
        assertThat(FlameTree.of(profile, 1000).size()).isEqualTo(1000);
        assertThat(TopTable.of(profile).rows())
                .containsExactly(new TopTable.Row(tree.functions().getFirst(), 1, 1));
    }

    @Test
    void randomTreesEqualANaiveOne() {
        for (long seed = 0; seed < SEEDS; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            FlameTree tree = FlameTree.of(profile, FlameTree.NODES_MAX);
            assertThat(paths(tree)).as("seed %d", seed).isEqualTo(naivePaths(profile));
            assertThat(sources(tree)).as("seed %d", seed).isEqualTo(naiveSources(profile));
            checkInvariants(tree, profile, seed);
        }
    }

    @Test
    void prunedTreesShowTrueTotalsAndCountWhatTheyHide() {
        for (long seed = 0; seed < SEEDS; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            FlameTree full = FlameTree.of(profile, FlameTree.NODES_MAX);
            Map<List<Function>, Sums> whole = naivePaths(profile);
            Random random = new Random(seed);
            for (int round = 0; round < 5; round++) {
                int maxNodes = random.nextInt(1, full.size() + 2);
                FlameTree pruned = FlameTree.of(profile, maxNodes);
                assertThat(pruned.size())
                        .as("seed %d, maxNodes %d", seed, maxNodes)
                        .isLessThanOrEqualTo(maxNodes);
                assertThat(pruned.fullSize()).as("seed %d", seed).isEqualTo(full.size());
                assertThat(sources(full)).as("seed %d", seed).containsAllEntriesOf(sources(pruned));
                checkInvariants(pruned, profile, seed);
                long smallestShown = Long.MAX_VALUE;
                Map<List<Function>, Sums> shown = paths(pruned);
                for (Map.Entry<List<Function>, Sums> node : shown.entrySet()) {
                    assertThat(node.getValue())
                            .as("seed %d", seed)
                            .isEqualTo(whole.get(node.getKey()));
                    smallestShown = Math.min(smallestShown, node.getValue().total());
                }
                for (Map.Entry<List<Function>, Sums> node : whole.entrySet()) {
                    if (!shown.containsKey(node.getKey()) && !shown.isEmpty()) {
                        assertThat(node.getValue().total())
                                .as("seed %d", seed)
                                .isLessThanOrEqualTo(smallestShown);
                    }
                }
            }
        }
    }

    @Test
    void oneMoreNodeAllowedNeverShowsFewer() {
        MergedProfile profile = Profiles.merge(Profiles.random(5));
        int full = FlameTree.of(profile, FlameTree.NODES_MAX).size();
        long before = -1;
        for (int maxNodes = 1; maxNodes <= full; maxNodes++) {
            FlameTree tree = FlameTree.of(profile, maxNodes);
            long shown = 0;
            for (int i = 0; i < tree.size(); i++) {
                shown += tree.isHidden(i) ? 0 : 1;
            }
            assertThat(shown).isGreaterThanOrEqualTo(before);
            assertThat(tree.size()).isGreaterThanOrEqualTo(maxNodes - 1);
            before = shown;
        }
        assertThat(before).isEqualTo(full);
    }

    @Test
    void encodedTreesComeBackTheSame() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            int maxNodes = seed % 2 == 0 ? FlameTree.NODES_MAX : new Random(seed).nextInt(1, 99);
            FlameTree tree = FlameTree.of(profile, maxNodes);
            byte[] encoded = tree.encode();
            FlameTree decoded = FlameTree.decode(encoded);
            assertThat(text(decoded)).as("seed %d", seed).isEqualTo(text(tree));
            assertThat(decoded.functions()).as("seed %d", seed).isEqualTo(tree.functions());
            assertThat(sources(decoded)).as("seed %d", seed).isEqualTo(sources(tree));
            assertThat(decoded.type()).isEqualTo(tree.type());
            assertThat(decoded.startNanos()).isEqualTo(tree.startNanos());
            assertThat(decoded.durationNanos()).isEqualTo(tree.durationNanos());
            assertThat(decoded.encode()).as("seed %d", seed).isEqualTo(encoded);
        }
    }

    @Test
    void damagedBytesAreRefusedOrReadButNothingElse() {
        byte[] good = FlameTree.of(Profiles.merge(Profiles.random(3)), 20).encode();
        for (int length = 0; length < good.length; length++) {
            byte[] torn = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> FlameTree.decode(torn))
                    .isInstanceOf(MalformedInputException.class);
        }
        Random random = new Random(1);
        for (int round = 0; round < DAMAGES; round++) {
            byte[] bad = good.clone();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                FlameTree read = FlameTree.decode(bad);
                assertThat(FlameTree.decode(read.encode()).size()).isEqualTo(read.size());
            } catch (MalformedInputException e) {
                assertThat(e.getMessage()).contains("expected");
            }
        }
    }

    @Test
    void anotherVersionIsRefusedByName() {
        byte[] other = FlameTree.of(Profiles.merge(Profiles.cpu()), 9).encode();
        other[4] = 1;
        assertThatThrownBy(() -> FlameTree.decode(other)).hasMessage("version: 1 (expected: 2)");
    }

    private static void checkInvariants(FlameTree tree, MergedProfile profile, long seed) {
        long[] sums = new long[tree.size()];
        long roots = 0;
        List<Integer> path = new ArrayList<>();
        for (int i = 0; i < tree.size(); i++) {
            while (path.size() > tree.level(i)) {
                path.removeLast();
            }
            assertThat(path).as("seed %d", seed).hasSize(tree.level(i));
            if (path.isEmpty()) {
                roots += tree.total(i);
            } else {
                assertThat(tree.isHidden(path.getLast())).isFalse();
                sums[path.getLast()] += tree.total(i);
            }
            path.add(i);
        }
        assertThat(roots).as("seed %d", seed).isEqualTo(profile.total());
        assertThat(tree.total()).isEqualTo(roots);
        for (int i = 0; i < tree.size(); i++) {
            if (tree.isHidden(i)) {
                assertThat(tree.self(i)).isZero();
                assertThat(tree.function(i)).isEqualTo(-1);
            } else {
                assertThat(tree.self(i) + sums[i]).as("seed %d", seed).isEqualTo(tree.total(i));
            }
        }
    }

    /// Total and self of a node.
    private record Sums(long total, long self) {}

    private static Map<List<Function>, Sums> naivePaths(MergedProfile profile) {
        Functions functions = new Functions(profile.frames());
        Map<List<Function>, Sums> nodes = new HashMap<>();
        for (int i = 0; i < profile.values().length; i++) {
            long value = profile.values()[i];
            if (value == 0) {
                continue;
            }
            int[] stack = profile.stacks().get(i);
            int[] leafFirst = new int[functions.depth(stack)];
            functions.expand(stack, leafFirst, 0);
            List<Function> path = new ArrayList<>();
            for (int j = leafFirst.length - 1; j >= 0; j--) {
                path.add(functions.get(functions.at(leafFirst[j])));
                nodes.merge(
                        List.copyOf(path),
                        new Sums(value, j == 0 ? value : 0),
                        (a, b) -> new Sums(a.total() + b.total(), a.self() + b.self()));
            }
        }
        return nodes;
    }

    /// Where each node is in the source, by collecting it from all stacks.
    private static Map<List<Function>, String> naiveSources(MergedProfile profile) {
        Map<List<Function>, List<Line>> lines = new HashMap<>();
        Map<List<Function>, Set<Boolean>> inlined = new HashMap<>();
        Functions functions = new Functions(profile.frames());
        for (int i = 0; i < profile.values().length; i++) {
            int[] stack = profile.stacks().get(i);
            List<Function> path = new ArrayList<>();
            if (profile.values()[i] > 0 && stack.length == 0) {
                path.add(functions.get(functions.at(functions.noStackPlace())));
                lines.put(List.copyOf(path), List.of());
            }
            for (int j = stack.length - 1; profile.values()[i] > 0 && j >= 0; j--) {
                List<Line> ofFrame = profile.frames().get(stack[j]).lines();
                for (int k = Math.max(1, ofFrame.size()) - 1; k >= 0; k--) {
                    path.add(functions.get(functions.at(functions.firstPlace(stack[j]) + k)));
                    lines.computeIfAbsent(List.copyOf(path), _ -> new ArrayList<>());
                    if (!ofFrame.isEmpty()) {
                        lines.get(path).add(ofFrame.get(k));
                    }
                    inlined.computeIfAbsent(List.copyOf(path), _ -> new HashSet<>())
                            .add(k + 1 < ofFrame.size());
                }
            }
        }
        Map<List<Function>, String> sources = new HashMap<>();
        lines.forEach(
                (path, all) -> {
                    Set<Boolean> both = inlined.getOrDefault(path, Set.of(false));
                    Inlining inlining =
                            both.size() == 2
                                    ? Inlining.SOME
                                    : both.contains(true) ? Inlining.ALL : Inlining.NONE;
                    List<String> files =
                            all.stream()
                                    .map(Line::file)
                                    .filter(file -> !file.isEmpty())
                                    .distinct()
                                    .toList();
                    IntSummaryStatistics numbers =
                            all.stream()
                                    .mapToInt(Line::line)
                                    .filter(line -> line > 0 && files.size() <= 1)
                                    .summaryStatistics();
                    sources.put(
                            path,
                            (files.size() == 1 ? files.getFirst() : "")
                                    + ':'
                                    + (numbers.getCount() > 0 ? numbers.getMin() : 0)
                                    + '-'
                                    + (numbers.getCount() > 0 ? numbers.getMax() : 0)
                                    + ' '
                                    + inlining);
                });
        return sources;
    }

    private static Map<List<Function>, String> sources(FlameTree tree) {
        Map<List<Function>, String> sources = new HashMap<>();
        List<Function> path = new ArrayList<>();
        for (int i = 0; i < tree.size(); i++) {
            while (path.size() > tree.level(i)) {
                path.removeLast();
            }
            if (!tree.isHidden(i)) {
                path.add(tree.functions().get(tree.function(i)));
                sources.put(List.copyOf(path), source(tree, i));
            }
        }
        return sources;
    }

    private static Map<List<Function>, Sums> paths(FlameTree tree) {
        Map<List<Function>, Sums> paths = new HashMap<>();
        List<Function> path = new ArrayList<>();
        for (int i = 0; i < tree.size(); i++) {
            while (path.size() > tree.level(i)) {
                path.removeLast();
            }
            if (!tree.isHidden(i)) {
                path.add(tree.functions().get(tree.function(i)));
                paths.put(List.copyOf(path), new Sums(tree.total(i), tree.self(i)));
            }
        }
        return paths;
    }

    private static String text(FlameTree tree) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < tree.size(); i++) {
            text.append(" ".repeat(tree.level(i)));
            text.append(
                    tree.isHidden(i)
                            ? "hidden(" + tree.hidden(i) + ")"
                            : tree.functions().get(tree.function(i)).name());
            text.append(' ').append(tree.total(i)).append(' ').append(tree.self(i)).append('\n');
        }
        return text.toString();
    }

    private static Frame named(String function) {
        return new Frame(FrameKind.NATIVE, "", "", 0, List.of(Line.named(function)));
    }

    private static MergedProfile merged(List<String> names, long... values) {
        List<Frame> frames = names.stream().map(FlameTreeTest::named).toList();
        List<int[]> stacks = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            stacks.add(new int[] {i});
        }
        return new MergedProfile(ProfileType.CPU, 0, 0, frames, stacks, values);
    }

    @Test
    void memoryIsCountedBeforeItIsTakenAndGivenBack() throws Exception {
        MergedProfile profile = Profiles.merged(7, 20_000, 40);
        CountedMemory all = new CountedMemory(Long.MAX_VALUE);
        FlameTree tree = FlameTree.of(profile, 1_000, all);
        assertThat(tree.size()).isLessThanOrEqualTo(1_000);
        long columns = 24L * tree.fullSize();
        assertThat(all.peak).isBetween(2 * columns, 20 * columns);
        assertThat(all.held).isLessThan(all.peak / 4);
        for (long limit : new long[] {0, all.peak / 2, all.peak - 1}) {
            assertThatThrownBy(() -> FlameTree.of(profile, 1_000, new CountedMemory(limit)))
                    .isInstanceOf(IOException.class);
        }
        assertThat(FlameTree.of(profile, 1_000, new CountedMemory(all.peak)).size())
                .isEqualTo(tree.size());
    }

    private static final class CountedMemory implements MemoryBudget {
        private final long limit;
        private long held;
        private long peak;

        CountedMemory(long limit) {
            this.limit = limit;
        }

        @Override
        public void reserve(long bytes) throws IOException {
            held += bytes;
            peak = Math.max(peak, held);
            if (held > limit) {
                throw new IOException("over the limit");
            }
        }

        @Override
        public void release(long bytes) {
            held -= bytes;
            assertThat(held).isNotNegative();
        }
    }
}
