package io.emberscope.collector.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.StackEnd;
import io.emberscope.profile.CutMark;
import io.emberscope.profile.CutReason;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

final class BinaryTest {
    /// An end that `profile` has no words for would be shown without any.
    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"COMPLETE", "NO_STACK", "BY_KERNEL"})
    void everyCutIsAMarkWhoseReasonIsExplained(StackEnd end) {
        Binary cut = Binary.cut(end);
        assertThat(cut.kind()).isEqualTo(Binary.Kind.CUT);
        assertThat(cut.whyCut()).isEqualTo(end);
        assertThat(cut.path()).isEqualTo(CutMark.name(end.text()));
        assertThat(CutReason.of(end.text())).isPresent();
    }
}
