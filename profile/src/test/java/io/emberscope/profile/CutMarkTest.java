package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CutMarkTest {
    @ParameterizedTest
    @EnumSource
    void aReasonIsReadBack(CutReason reason) {
        assertThat(CutMark.reason(CutMark.frame(reason.text()))).contains(reason.text());
        assertThat(CutReason.of(reason.text())).contains(reason);
        assertThat(reason.meaning()).endsWith(".");
        assertThat(reason.help()).endsWith(".");
    }

    /// The names that are in stored segments.
    @Test
    void theNamesStayAsTheyAre() {
        assertThat(CutMark.name("too deep")).isEqualTo("[truncated]");
        assertThat(CutMark.name("no unwind rule")).isEqualTo("[truncated: no unwind rule]");
        assertThat(CutReason.values())
                .extracting(CutReason::text)
                .containsExactlyInAnyOrder(
                        "too deep",
                        "stack not in memory",
                        "address in no mapping",
                        "no unwind rule",
                        "register lost",
                        "stack not growing",
                        "mappings unknown",
                        "unwind table not loaded",
                        "stack copy too short",
                        "mappings changed",
                        "no room for unwind table",
                        "mappings left out",
                        "no stack");
    }

    @Test
    void reasonsOfOtherSendersAreReadToo() {
        assertThat(CutMark.reason(frame("[truncated: of its own]"))).contains("of its own");
        assertThat(CutReason.of("of its own")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "main",
                "[unknown]",
                "truncated",
                "[truncated",
                "[truncated: x",
                "[truncate]"
            })
    void otherNamesAreNoMark(String name) {
        assertThat(CutMark.reason(frame(name))).isEmpty();
    }

    @Test
    void codeIsNoMarkWhateverItsName() {
        List<Line> line = List.of(Line.named("[truncated]"));
        assertThat(CutMark.reason(new Frame(FrameKind.NATIVE, "", "", 0, line))).isEmpty();
        assertThat(CutMark.reason(new Frame(FrameKind.UNKNOWN, "", "/bin/a", 0, line))).isEmpty();
        assertThat(CutMark.reason(new Frame(FrameKind.UNKNOWN, "ab", "", 0, line))).isEmpty();
        assertThat(CutMark.reason(new Frame(FrameKind.UNKNOWN, "", "", 0, List.of()))).isEmpty();
    }

    private static Frame frame(String name) {
        return new Frame(FrameKind.UNKNOWN, "", "", 0, List.of(Line.named(name)));
    }
}
