package io.emberscope.profile.pprof;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.tree.FlameTree;
import io.emberscope.profile.tree.TopTable;

/// Reads a file, and checks that whatever comes out can be drawn and written.
public final class PprofFuzzTarget {
    private static final IngestLimits LIMITS =
            IngestLimits.DEFAULT
                    .with(Limit.STACK_DEPTH, 20)
                    .with(Limit.NAME_BYTES, 40)
                    .with(Limit.INFLATED_BYTES, 1 << 20);

    private PprofFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            for (MergedProfile profile : PprofReader.read(bytes, LIMITS)) {
                assertThat(profile.total()).isNotNegative();
                FlameTree tree = FlameTree.of(profile, 1000);
                assertThat(tree.total()).isEqualTo(profile.total());
                assertThat(TopTable.of(profile).total()).isEqualTo(profile.total());
                PprofWriter.write(profile);
            }
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
    }
}
