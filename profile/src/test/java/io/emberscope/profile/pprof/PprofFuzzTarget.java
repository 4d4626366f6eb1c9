package io.emberscope.profile.pprof;

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
                check(profile.total() >= 0, "a negative total");
                FlameTree tree = FlameTree.of(profile, 1000);
                check(tree.total() == profile.total(), "the tree lost something");
                check(TopTable.of(profile).total() == profile.total(), "the table lost something");
                PprofWriter.write(profile);
            }
        } catch (MalformedInputException expected) {
            check(expected.getMessage().contains("(expected: "), expected.getMessage());
        }
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
