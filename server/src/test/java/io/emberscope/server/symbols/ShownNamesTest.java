package io.emberscope.server.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ShownNamesTest {
    private static final String RAW = "_ZNSt6vectorIiSaIiEE9push_backERKi";

    private static List<Line> shown(Mode mode, Line... lines) {
        Frame frame = new Frame(FrameKind.NATIVE, "ab", "/bin/x", 7, 9, List.of(lines));
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        1,
                        2,
                        List.of(frame),
                        List.of(new int[] {0}),
                        new long[] {5});
        MergedProfile shown =
                MemoryBudget.unlimited(
                        budget -> new ShownNames(mode).of(profile, budget, () -> {}));
        assertThat(shown.stacks()).isEqualTo(profile.stacks());
        assertThat(shown.values()).containsExactly(5);
        Frame found = shown.frames().getFirst();
        assertThat(found.address()).isEqualTo(9);
        return found.lines();
    }

    @Test
    void mangledNamesAreShownDemangledAndKept() {
        assertThat(shown(Mode.SIMPLIFIED, new Line(RAW, "", "v.h", 3)))
                .containsExactly(new Line("std::vector::push_back", RAW, "v.h", 3));
        assertThat(shown(Mode.FULL, Line.named(RAW)))
                .containsExactly(
                        new Line(
                                "std::vector<int, std::allocator<int>>::push_back(int const&)",
                                RAW,
                                "",
                                0));
        assertThat(shown(Mode.NONE, Line.named(RAW))).containsExactly(Line.named(RAW));
    }

    @Test
    void aNameThatStandsForAVeryLongOneIsCut() {
        // Each template has the one before it as an argument, twice, by a back reference.
        StringBuilder raw = new StringBuilder("_Z1fI1aIiiE");
        for (int i = 0; i < 9; i++) {
            String before = "S" + Character.forDigit(2 * i + 1, 36) + "_";
            raw.append('1').append((char) ('b' + i)).append('I');
            raw.append(before.toUpperCase(Locale.ROOT)).append(before.toUpperCase(Locale.ROOT));
            raw.append('E');
        }
        raw.append("Evv");
        List<Line> lines = shown(Mode.FULL, Line.named(raw.toString()));
        assertThat(lines.getFirst().function()).hasSize(4096).endsWith("\u2026");
        assertThat(lines.getFirst().systemName()).isEqualTo(raw.toString());
    }

    @Test
    void eachOfInlinedFunctionsIsShown() {
        assertThat(shown(Mode.SIMPLIFIED, Line.named("main"), Line.named(RAW)))
                .containsExactly(
                        Line.named("main"), new Line("std::vector::push_back", RAW, "", 0));
    }

    @Test
    void stubsAreThoseOfTheFunctionTheyCall() {
        assertThat(shown(Mode.SIMPLIFIED, Line.named(RAW + "@plt")))
                .containsExactly(new Line("std::vector::push_back@plt", RAW + "@plt", "", 0));
        assertThat(shown(Mode.SIMPLIFIED, Line.named("_exit@plt")))
                .containsExactly(Line.named("_exit@plt"));
    }

    @Test
    void whatASenderDemangledIsShownAsIsWantedHere() {
        Line sent = new Line("vector::push_back(...)", RAW, "", 0);
        assertThat(shown(Mode.SIMPLIFIED, sent))
                .containsExactly(new Line("std::vector::push_back", RAW, "", 0));
        assertThat(shown(Mode.NONE, sent)).containsExactly(Line.named(RAW));
        // A system name of another kind of language is not ours to read.
        Line java = new Line("Foo.bar", "Foo.bar(I)V", "Foo.java", 1);
        assertThat(shown(Mode.SIMPLIFIED, java)).containsExactly(java);
    }

    @Test
    void whatIsShownAgainAndAgainIsTheSame() {
        ShownNames names = new ShownNames(Mode.SIMPLIFIED);
        for (int i = 0; i < 200_000; i++) {
            String raw = "_ZN5space" + "5name" + i % 10 + "E" + "i".repeat(i % 50 + 1);
            assertThat(names.shown(raw)).isEqualTo("space::name" + i % 10);
        }
        assertThat(names.shown("")).isEmpty();
        assertThat(names.shown("main")).isEqualTo("main");
    }
}
