package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.LineTable.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LineTableTest {
    // Two places of f; in the second, g is inlined, which f calls from line 20.
    private static final Frame F_10 = frame(1, line("f", "f.c", 10));
    private static final Frame G_IN_F_20 = frame(2, line("g", "g.h", 3), line("f", "f.c", 20));
    private static final Frame F_SOMEWHERE = frame(3, Line.named("f"));
    private static final Frame G_ALONE = frame(4, line("g", "g.h", 4));
    private static final Frame MAIN = frame(5, line("main", "main.c", 7));
    private static final Frame OTHER_F =
            new Frame(FrameKind.NATIVE, "", "/lib/other", 6, List.of(line("f", "other.c", 1)));
    private static final Frame NAMELESS =
            new Frame(FrameKind.NATIVE, "ab", "/bin/app", 0x77, List.of());

    private static Line line(String function, String file, int line) {
        return new Line(function, "", file, line);
    }

    private static Frame frame(long offset, Line... lines) {
        return new Frame(FrameKind.NATIVE, "ab", "/bin/app", offset, List.of(lines));
    }

    private static final MergedProfile PROFILE =
            profile(
                    new long[] {1, 2, 4, 8, 16, 32, 64, 128, 0},
                    // f itself, at its line 10.
                    new Frame[] {F_10, MAIN},
                    // g inlined into f.
                    new Frame[] {G_IN_F_20, MAIN},
                    // f calls itself, from a line that a stack goes through twice.
                    new Frame[] {F_10, G_IN_F_20, G_IN_F_20, MAIN},
                    // The same with one line only.
                    new Frame[] {F_10, F_10, MAIN},
                    new Frame[] {F_SOMEWHERE, MAIN},
                    new Frame[] {G_ALONE, MAIN},
                    new Frame[] {OTHER_F, F_10, MAIN},
                    new Frame[] {NAMELESS},
                    new Frame[] {F_SOMEWHERE, F_10});

    private static MergedProfile profile(long[] values, Frame[]... samples) {
        List<Frame> frames = new ArrayList<>();
        List<int[]> stacks = new ArrayList<>();
        for (Frame[] sample : samples) {
            int[] stack = new int[sample.length];
            for (int i = 0; i < stack.length; i++) {
                if (!frames.contains(sample[i])) {
                    frames.add(sample[i]);
                }
                stack[i] = frames.indexOf(sample[i]);
            }
            stacks.add(stack);
        }
        return new MergedProfile(ProfileType.CPU, 0, 1, frames, stacks, values);
    }

    @Test
    void aLineHasTheStacksThatEndInItAndThoseThatGoThroughIt() {
        LineTable table = LineTable.of(PROFILE, "f", "/bin/app");
        assertThat(table.total()).isEqualTo(255);
        assertThat(table.functionSelf()).isEqualTo(1 + 4 + 8 + 16);
        assertThat(table.functionTotal()).isEqualTo(1 + 2 + 4 + 8 + 16 + 64);
        assertThat(table.rows())
                .containsExactly(
                        new Row("f.c", 10, 1 + 4 + 8, 1 + 4 + 8 + 64),
                        new Row("", 0, 16, 16),
                        new Row("f.c", 20, 0, 2 + 4));
    }

    @Test
    void anInlinedFunctionHasLinesLikeAnyOther() {
        LineTable table = LineTable.of(PROFILE, "g", "");
        assertThat(table.functionSelf()).isEqualTo(2 + 32);
        assertThat(table.functionTotal()).isEqualTo(2 + 4 + 32);
        assertThat(table.rows())
                .containsExactly(new Row("g.h", 4, 32, 32), new Row("g.h", 3, 2, 2 + 4));
    }

    @Test
    void functionsOfOneNameInSeveralBinariesCountTogetherUnlessOneIsNamed() {
        assertThat(LineTable.of(PROFILE, "f", "").rows())
                .containsExactly(
                        new Row("f.c", 10, 1 + 4 + 8, 1 + 4 + 8 + 64),
                        new Row("other.c", 1, 64, 64),
                        new Row("", 0, 16, 16),
                        new Row("f.c", 20, 0, 2 + 4));
        assertThat(LineTable.of(PROFILE, "f", "").functionTotal()).isEqualTo(95);
        assertThat(LineTable.of(PROFILE, "f", "/lib/other").rows())
                .containsExactly(new Row("other.c", 1, 64, 64));
    }

    @Test
    void codeWithoutANameHasNoLineThatIsKnown() {
        LineTable table = LineTable.of(PROFILE, "app+0x77", "");
        assertThat(table.functionSelf()).isEqualTo(128);
        assertThat(table.rows()).containsExactly(new Row("", 0, 128, 128));
        MergedProfile none = profile(new long[] {3}, new Frame[0]);
        assertThat(LineTable.of(none, "[no stack]", "").rows())
                .containsExactly(new Row("", 0, 3, 3));
    }

    @Test
    void aFunctionThatIsNotThereHasNoLines() {
        assertThat(LineTable.of(PROFILE, "h", ""))
                .isEqualTo(new LineTable(ProfileType.CPU, 255, 0, 0, List.of()));
    }

    @Test
    void sumsEqualThoseOfTheTableOfFunctionsAndOfASimpleCount() {
        for (long seed = 0; seed < 60; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            for (TopTable.Row top : TopTable.of(profile).rows()) {
                Function function = top.function();
                LineTable table = LineTable.of(profile, function.name(), function.binary());
                String what = "seed " + seed + ' ' + function;
                assertThat(table.total()).as(what).isEqualTo(profile.total());
                assertThat(table.rows().stream().mapToLong(Row::self).sum())
                        .as(what)
                        .isEqualTo(table.functionSelf());
                assertThat(new HashSet<>(table.rows()))
                        .as(what)
                        .isEqualTo(simpleCount(profile, function));
                if (isAlone(profile, function)) {
                    assertThat(table.functionSelf()).as(what).isEqualTo(top.self());
                    assertThat(table.functionTotal()).as(what).isEqualTo(top.total());
                }
            }
        }
    }

    /// Whether no other function has the name and the binary, as another kind of code.
    private static boolean isAlone(MergedProfile profile, Function function) {
        return TopTable.of(profile).rows().stream()
                        .map(TopTable.Row::function)
                        .filter(
                                other ->
                                        other.name().equals(function.name())
                                                && (function.binary().isEmpty()
                                                        || other.binary()
                                                                .equals(function.binary())))
                        .count()
                == 1;
    }

    /// The rows of a function that has names, by going through all stacks for each line.
    private static Set<Row> simpleCount(MergedProfile profile, Function function) {
        Map<List<Object>, long[]> sums = new HashMap<>();
        for (int i = 0; i < profile.values().length; i++) {
            long value = profile.values()[i];
            List<List<Object>> path = new ArrayList<>();
            for (int frame : profile.stacks().get(i)) {
                path.addAll(lines(profile.frames().get(frame), function));
            }
            if (profile.stacks().get(i).length == 0) {
                path.add(function.name().equals("[no stack]") ? List.of("", 0) : List.of());
            }
            if (value > 0) {
                path.stream()
                        .filter(line -> !line.isEmpty())
                        .distinct()
                        .forEach(line -> sums.computeIfAbsent(line, _ -> new long[2])[1] += value);
                if (!path.getFirst().isEmpty()) {
                    sums.get(path.getFirst())[0] += value;
                }
            }
        }
        Set<Row> rows = new HashSet<>();
        sums.forEach(
                (line, both) ->
                        rows.add(
                                new Row(
                                        (String) line.get(0),
                                        (int) line.get(1),
                                        both[0],
                                        both[1])));
        return rows;
    }

    /// The frame's functions, innermost first: file and line where it is the one asked for, else an
    /// empty list.
    private static List<List<Object>> lines(Frame frame, Function function) {
        boolean hasBinary = function.binary().isEmpty() || frame.binary().equals(function.binary());
        if (frame.lines().isEmpty()) {
            TopTable.Row only =
                    TopTable.of(
                                    new MergedProfile(
                                            ProfileType.CPU,
                                            0,
                                            1,
                                            List.of(frame),
                                            List.of(new int[] {0}),
                                            new long[] {1}))
                            .rows()
                            .getFirst();
            boolean isIt = hasBinary && only.function().name().equals(function.name());
            return List.of(isIt ? List.of("", 0) : List.of());
        }
        List<List<Object>> lines = new ArrayList<>();
        for (Line line : frame.lines()) {
            boolean isIt = hasBinary && line.function().equals(function.name());
            lines.add(isIt ? List.of(line.file(), line.line()) : List.of());
        }
        return lines;
    }

    @Test
    void whatItTakesIsCounted() {
        long[] reserved = {0};
        MemoryBudget small =
                new MemoryBudget() {
                    @Override
                    public void reserve(long bytes) throws IOException {
                        reserved[0] += bytes;
                        if (reserved[0] > 1_000_000) {
                            throw new IOException("more than 1000000 bytes");
                        }
                    }

                    @Override
                    public void release(long bytes) {
                        reserved[0] -= bytes;
                    }
                };
        List<Frame> frames = new ArrayList<>();
        for (int i = 1; i <= 4_000; i++) {
            frames.add(frame(i, line("f", "f.c", i)));
        }
        MergedProfile many =
                new MergedProfile(
                        ProfileType.CPU, 0, 1, frames, List.of(new int[] {0}), new long[] {1});
        assertThatThrownBy(() -> LineTable.of(many, "f", "", small))
                .isInstanceOf(IOException.class);
    }

    @Test
    void valuesThatCannotBeAreRefused() {
        assertThatThrownBy(
                        () -> LineTable.of(profile(new long[] {-1}, new Frame[] {F_10}), "f", ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("values: -1 (expected: 0 or more, with a sum below 2^63)");
    }
}
