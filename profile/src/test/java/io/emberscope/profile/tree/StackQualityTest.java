package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.profile.CutMark;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.StackQuality.Cut;
import io.emberscope.profile.tree.StackQuality.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class StackQualityTest {
    private static final Frame MAIN = code("/bin/app", "main");
    private static final Frame WORK = code("/bin/app", "work");
    private static final Frame LIBC = code("/lib/libc.so.6", "write");
    private static final Frame KERNEL =
            new Frame(FrameKind.KERNEL, "", "[kernel]", 1, List.of(Line.named("do_syscall_64")));
    private static final Frame NO_RULE = CutMark.frame("no unwind rule");
    private static final Frame DEEP = CutMark.frame("too deep");

    private static Frame code(String binary, String function) {
        return new Frame(FrameKind.NATIVE, "", binary, 1, List.of(Line.named(function)));
    }

    private record Sample(long value, Frame... stack) {}

    private static StackQuality of(Sample... samples) {
        return StackQuality.of(profile(samples));
    }

    private static MergedProfile profile(Sample... samples) {
        List<Frame> frames =
                Arrays.stream(samples).flatMap(one -> Arrays.stream(one.stack)).distinct().toList();
        List<int[]> stacks = new ArrayList<>();
        for (Sample sample : samples) {
            stacks.add(Arrays.stream(sample.stack).mapToInt(frames::indexOf).toArray());
        }
        long[] values = Arrays.stream(samples).mapToLong(Sample::value).toArray();
        return new MergedProfile(ProfileType.CPU, 0, 1, frames, stacks, values);
    }

    @Test
    void aMarkAtTheOuterEndMakesACutStack() {
        StackQuality quality =
                of(
                        new Sample(80, KERNEL, LIBC, WORK, MAIN),
                        new Sample(9, KERNEL, LIBC, NO_RULE),
                        new Sample(6, WORK, WORK, DEEP),
                        new Sample(5, LIBC, DEEP));
        assertThat(quality.total()).isEqualTo(100);
        assertThat(quality.complete()).isEqualTo(80);
        assertThat(quality.cuts())
                .containsExactly(new Cut("too deep", 11), new Cut("no unwind rule", 9));
        assertThat(quality.binaries())
                .containsExactly(
                        new Row(
                                "/lib/libc.so.6",
                                94,
                                14,
                                List.of(new Cut("no unwind rule", 9), new Cut("too deep", 5))),
                        new Row("/bin/app", 86, 6, List.of(new Cut("too deep", 6))));
    }

    @Test
    void threadsOfTheKernelAreCompleteUnlessTheirOwnStackIsCut() {
        StackQuality quality = of(new Sample(3, KERNEL), new Sample(1, KERNEL, KERNEL, DEEP));
        assertThat(quality.complete()).isEqualTo(3);
        assertThat(quality.binaries())
                .containsExactly(new Row("[kernel]", 4, 1, List.of(new Cut("too deep", 1))));
    }

    @Test
    void aKernelStackCutBelowAWholeUserStackReachesTheRoot() {
        assertThat(of(new Sample(3, KERNEL, DEEP, WORK, MAIN)).complete()).isEqualTo(3);
    }

    @Test
    void stacksWithoutAnyCodeHaveNoBinary() {
        StackQuality quality = of(new Sample(2), new Sample(3, NO_RULE));
        assertThat(quality.complete()).isZero();
        assertThat(quality.binaries())
                .containsExactly(
                        new Row(
                                "",
                                5,
                                5,
                                List.of(new Cut("no unwind rule", 3), new Cut("no stack", 2))));
    }

    @Test
    void aBinaryWithoutANameIsKnownByItsBuild() {
        Frame nameless = new Frame(FrameKind.NATIVE, "abcd", "", 1, List.of());
        assertThat(of(new Sample(1, nameless, NO_RULE)).binaries())
                .extracting(Row::binary)
                .containsExactly("abcd");
    }

    @Test
    void whatAnAnswerIsGroupedByIsNotPartOfTheStack() {
        Frame label = new Frame(FrameKind.LABEL, "", "", 0, List.of(Line.named("[truncated]")));
        StackQuality quality =
                of(
                        new Sample(1, WORK, MAIN, label),
                        new Sample(2, WORK, NO_RULE, label),
                        new Sample(4, label));
        assertThat(quality.complete()).isEqualTo(1);
        assertThat(quality.cuts())
                .containsExactly(new Cut("no stack", 4), new Cut("no unwind rule", 2));
    }

    @Test
    void nothingIsCutOfNothing() {
        assertThat(of()).isEqualTo(new StackQuality(ProfileType.CPU, 0, 0, List.of(), List.of()));
        assertThat(of(new Sample(0, WORK, NO_RULE)).binaries()).isEmpty();
    }

    @Test
    void sumsEqualThoseOfASimpleCount() {
        for (long seed = 0; seed < 300; seed++) {
            MergedProfile profile = cutAtRandom(seed);
            StackQuality quality = StackQuality.of(profile);
            Map<String, Long> totals = new HashMap<>();
            Map<String, Long> cuts = new HashMap<>();
            Map<String, Long> reasons = new HashMap<>();
            for (int i = 0; i < profile.values().length; i++) {
                long value = profile.values()[i];
                List<Frame> stack =
                        Arrays.stream(profile.stacks().get(i))
                                .mapToObj(profile.frames()::get)
                                .toList();
                Set<String> names =
                        stack.stream()
                                .map(f -> f.binary().isEmpty() ? f.buildId() : f.binary())
                                .collect(Collectors.toSet());
                names.forEach(name -> totals.merge(name, value, Long::sum));
                boolean none = stack.isEmpty();
                boolean cut = !none && stack.getLast().equals(NO_RULE);
                if (value > 0 && (none || cut)) {
                    Frame last = none || stack.size() < 2 ? NO_RULE : stack.get(stack.size() - 2);
                    String name = last.binary().isEmpty() ? last.buildId() : last.binary();
                    cuts.merge(name, value, Long::sum);
                    reasons.merge(none ? "no stack" : "no unwind rule", value, Long::sum);
                }
            }
            assertThat(quality.total()).as("seed %d", seed).isEqualTo(profile.total());
            assertThat(quality.cuts().stream().collect(Collectors.toMap(Cut::reason, Cut::value)))
                    .as("seed %d", seed)
                    .isEqualTo(reasons);
            assertThat(quality.binaries().stream().collect(Collectors.toMap(Row::binary, Row::cut)))
                    .as("seed %d", seed)
                    .isEqualTo(cuts);
            assertThat(quality.complete() + reasons.values().stream().mapToLong(v -> v).sum())
                    .as("seed %d", seed)
                    .isEqualTo(profile.total());
            assertThat(quality.binaries())
                    .as("seed %d", seed)
                    .filteredOn(row -> !row.binary().isEmpty())
                    .allSatisfy(row -> assertThat(row.total()).isEqualTo(totals.get(row.binary())));
        }
    }

    private static MergedProfile cutAtRandom(long seed) {
        Random random = new Random(seed);
        MergedProfile whole = Profiles.merge(Profiles.random(seed));
        List<Frame> frames = new ArrayList<>(whole.frames());
        frames.add(NO_RULE);
        List<int[]> stacks = new ArrayList<>();
        for (int[] stack : whole.stacks()) {
            boolean cut = random.nextInt(4) == 0;
            int[] copy = Arrays.copyOf(stack, stack.length + (cut ? 1 : 0));
            if (cut) {
                copy[stack.length] = frames.size() - 1;
            }
            stacks.add(copy);
        }
        return new MergedProfile(whole.type(), 0, 1, frames, stacks, whole.values());
    }

    @Test
    void valuesThatCannotBeAreRefused() {
        assertThatThrownBy(() -> of(new Sample(-1, WORK)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("values: -1 (expected: 0 or more, with a sum below 2^63)");
        assertThatThrownBy(() -> of(new Sample(Long.MAX_VALUE, WORK), new Sample(1, WORK, DEEP)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /// A sender may give each stack a reason of its own: what that takes is counted too.
    @Test
    void manyReasonsAreWithinTheBudget() {
        Sample[] samples = new Sample[1_000];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = new Sample(1, WORK, CutMark.frame("reason " + i));
        }
        MergedProfile profile = profile(samples);
        long[] reserved = new long[1];
        MemoryBudget limited =
                new MemoryBudget() {
                    @Override
                    public void reserve(long bytes) throws IOException {
                        reserved[0] += bytes;
                        if (reserved[0] > 200_000) {
                            throw new IOException("too large");
                        }
                    }

                    @Override
                    public void release(long bytes) {}
                };
        assertThatThrownBy(() -> StackQuality.of(profile, limited)).hasMessage("too large");
        assertThat(StackQuality.of(profile).cuts()).hasSize(1_000);
    }
}
