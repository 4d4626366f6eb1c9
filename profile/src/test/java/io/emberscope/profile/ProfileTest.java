package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTest {
    @Test
    void everySampleHasAValue() {
        Series series = new Series(ProfileType.CPU, Labels.EMPTY);
        assertThatThrownBy(() -> new Profile(series, 0, 0, 0, new int[2], new long[3]))
                .hasMessage("values: 3 (expected: 2, as stacks)");
        assertThatThrownBy(
                        () ->
                                new MergedProfile(
                                        ProfileType.CPU, 0, 0, List.of(), List.of(), new long[1]))
                .hasMessage("values: 1 (expected: 0, as stacks)");
    }

    @Test
    void totalsAndSizesAddUp() {
        ProfileBatch batch = Profiles.cpu();
        assertThat(batch.total()).isEqualTo(1_000_000_000);
        assertThat(batch.size()).isEqualTo(3);
        assertThat(Profiles.merge(batch).total()).isEqualTo(batch.total());
    }

    @Test
    void aBatchDoesNotChangeWithTheListsItWasMadeFrom() {
        List<Frame> frames = new ArrayList<>(Profiles.cpu().frames());
        ProfileBatch batch = new ProfileBatch(frames, List.of(), List.of());
        frames.clear();
        assertThat(batch.frames()).hasSize(4);
    }

    @Test
    void kindsAreKnownByTheirText() {
        for (FrameKind kind : FrameKind.values()) {
            assertThat(FrameKind.of(kind.text())).isEqualTo(kind);
        }
        assertThat(FrameKind.of("NATIVE")).isEqualTo(FrameKind.UNKNOWN);
        assertThat(FrameKind.of("")).isEqualTo(FrameKind.UNKNOWN);
    }

    @Test
    void anAddressOutsideItsRangeIsAnOffset() {
        AddressRange range = new AddressRange(-0x2000, -0x1000, 0x100);
        assertThat(range.offsetOf(-0x2000)).isEqualTo(0x100);
        assertThat(range.offsetOf(-0x1001)).isEqualTo(0x10ff);
        assertThat(range.offsetOf(-0x1000)).isEqualTo(-0x1000);
        assertThat(range.offsetOf(0x2000)).isEqualTo(0x2000);
        assertThat(AddressRange.NONE.offsetOf(7)).isEqualTo(7);
    }

    @Test
    void fixturesAreTheSameForTheSameSeed() {
        assertThat(Profiles.content(Profiles.random(3)))
                .isEqualTo(Profiles.content(Profiles.random(3)))
                .isNotEqualTo(Profiles.content(Profiles.random(4)));
        assertThat(Profiles.content(Profiles.node(3, 20)))
                .isEqualTo(Profiles.content(Profiles.node(3, 20)));
    }
}
