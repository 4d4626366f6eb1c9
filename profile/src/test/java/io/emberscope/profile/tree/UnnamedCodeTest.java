package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.UnnamedCode.Row;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class UnnamedCodeTest {
    private static final Frame NAMED =
            new Frame(FrameKind.NATIVE, "aa", "/bin/app", 1, List.of(Line.named("main")));

    private static Frame nameless(String binary, String buildId, long offset) {
        return new Frame(FrameKind.NATIVE, buildId, binary, offset, List.of());
    }

    private static UnnamedCode of(List<Frame> frames, List<int[]> stacks, long... values) {
        return UnnamedCode.of(new MergedProfile(ProfileType.CPU, 0, 1, frames, stacks, values));
    }

    @Test
    void stacksCountForTheBinaryOfTheirInnermostFrame() {
        List<Frame> frames =
                List.of(
                        NAMED,
                        nameless("/bin/app", "aa", 2),
                        nameless("/bin/app", "aa", 3),
                        nameless("/bin/app", "bb", 2),
                        nameless("[anon]", "", 9));
        UnnamedCode code =
                of(
                        frames,
                        List.of(
                                new int[] {0},
                                new int[] {1, 0},
                                new int[] {2, 0},
                                new int[] {1, 1, 0},
                                // A caller without a name does not count.
                                new int[] {0, 1},
                                new int[] {3, 0},
                                new int[] {4},
                                new int[] {},
                                new int[] {2}),
                        1,
                        2,
                        4,
                        8,
                        16,
                        32,
                        64,
                        128,
                        0);
        assertThat(code)
                .isEqualTo(
                        new UnnamedCode(
                                2 + 4 + 8 + 32 + 64,
                                List.of(
                                        new Row("[anon]", "", 64, 1),
                                        new Row("/bin/app", "bb", 32, 1),
                                        new Row("/bin/app", "aa", 2 + 4 + 8, 2))));
    }

    @Test
    void whereAllHasNamesThereIsNone() {
        assertThat(UnnamedCode.of(Profiles.merge(Profiles.cpu())))
                .isEqualTo(new UnnamedCode(0, List.of()));
        assertThat(of(List.of(), List.of())).isEqualTo(new UnnamedCode(0, List.of()));
    }

    @Test
    void sumsEqualThoseOfASimpleCount() {
        for (long seed = 0; seed < 300; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            Map<String, Long> values = new HashMap<>();
            Map<String, Set<Frame>> places = new HashMap<>();
            for (int i = 0; i < profile.values().length; i++) {
                int[] stack = profile.stacks().get(i);
                if (profile.values()[i] > 0 && stack.length > 0) {
                    Frame leaf = profile.frames().get(stack[0]);
                    if (leaf.lines().isEmpty()) {
                        String key = leaf.binary() + ' ' + leaf.buildId();
                        values.merge(key, profile.values()[i], Long::sum);
                        places.computeIfAbsent(key, _ -> new HashSet<>()).add(leaf);
                    }
                }
            }
            UnnamedCode code = UnnamedCode.of(profile);
            assertThat(
                            code.binaries().stream()
                                    .collect(
                                            Collectors.toMap(
                                                    row -> row.binary() + ' ' + row.buildId(),
                                                    Row::value)))
                    .as("seed %d", seed)
                    .isEqualTo(values);
            assertThat(code.binaries())
                    .as("seed %d", seed)
                    .allSatisfy(
                            row ->
                                    assertThat(row.addresses())
                                            .isEqualTo(
                                                    places.get(row.binary() + ' ' + row.buildId())
                                                            .size()));
            assertThat(code.value())
                    .as("seed %d", seed)
                    .isEqualTo(values.values().stream().mapToLong(Long::longValue).sum());
        }
    }

    @Test
    void valuesThatCannotBeAreRefused() {
        assertThatThrownBy(() -> of(List.of(NAMED), List.of(new int[] {0}), -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("values: -1 (expected: 0 or more, with a sum below 2^63)");
    }
}
