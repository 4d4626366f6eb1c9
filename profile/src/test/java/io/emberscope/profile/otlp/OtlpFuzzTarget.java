package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import java.nio.IntBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Decodes a request, and checks what must be true of any batch that comes out. The checks are
/// plain, since the fuzzer wants to try very many inputs.
public final class OtlpFuzzTarget {
    private static final int DEPTH_MAX = 20;

    // Small ones, so that small inputs reach them.
    private static final IngestLimits LIMITS =
            IngestLimits.DEFAULT
                    .with(Limit.STACK_DEPTH, DEPTH_MAX)
                    .with(Limit.NAME_BYTES, 40)
                    .with(Limit.LINES, 5);

    private OtlpFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        ProfileBatch batch;
        try {
            batch = OtlpDecoder.decode(bytes, LIMITS, OtlpMessages.TIME).batch();
        } catch (MalformedInputException expected) {
            check(expected.getMessage().contains("(expected: "), expected.getMessage());
            return;
        }
        checkTables(batch);
        double total = 0;
        Set<Object> seen = new HashSet<>();
        for (Profile profile : batch.profiles()) {
            checkProfile(profile, batch.stacks().size());
            check(
                    seen.add(
                            List.of(
                                    profile.series(),
                                    profile.startNanos(),
                                    profile.durationNanos(),
                                    profile.period())),
                    "a profile is there twice");
            total += profile.total();
        }
        if (total < ProfileReader.TOTAL_MAX) {
            checkRoundTrip(batch);
        }
    }

    private static void checkTables(ProfileBatch batch) {
        check(
                new HashSet<>(batch.frames()).size() == batch.frames().size(),
                "a frame is there twice");
        Set<IntBuffer> stacks = new HashSet<>();
        for (int[] stack : batch.stacks()) {
            check(stack.length <= DEPTH_MAX, "a stack is too deep");
            check(stacks.add(IntBuffer.wrap(stack)), "a stack is there twice");
            for (int frame : stack) {
                check(frame >= 0 && frame < batch.frames().size(), "a stack has no such frame");
            }
        }
    }

    private static void checkProfile(Profile profile, int stackCount) {
        check(profile.size() > 0, "a profile is empty");
        check(profile.startNanos() >= 0, "a time is negative");
        check(profile.startNanos() + profile.durationNanos() >= 0, "an end is too late");
        Set<Integer> stacks = new HashSet<>();
        for (int i = 0; i < profile.size(); i++) {
            int stack = profile.stacks()[i];
            check(stack >= 0 && stack < stackCount, "a sample has no such stack");
            check(stacks.add(stack), "a stack is twice in a profile");
            check(profile.values()[i] > 0, "a value is not positive");
        }
        Labels labels = profile.series().labels();
        check(!labels.get(Labels.SERVICE_NAME).isEmpty(), "a series has no service");
        for (String name : labels.names()) {
            check(name.matches("[a-zA-Z_][a-zA-Z0-9_]*"), name);
        }
    }

    private static void checkRoundTrip(ProfileBatch batch) {
        try {
            ProfileBatch again =
                    OtlpDecoder.decode(OtlpEncoder.encode(batch), LIMITS, OtlpMessages.TIME)
                            .batch();
            check(Profiles.content(again).equals(Profiles.content(batch)), "not the same again");
        } catch (MalformedInputException e) {
            throw new AssertionError("our own request is refused", e);
        }
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
