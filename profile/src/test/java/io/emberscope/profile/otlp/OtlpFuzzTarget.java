package io.emberscope.profile.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import java.util.HashSet;
import java.util.List;

/// Decodes a request, and checks what must be true of any batch that comes out.
public final class OtlpFuzzTarget {
    // Small ones, so that small inputs reach them.
    private static final IngestLimits LIMITS =
            IngestLimits.DEFAULT
                    .with(Limit.STACK_DEPTH, 20)
                    .with(Limit.NAME_BYTES, 40)
                    .with(Limit.LINES, 5);

    private OtlpFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        ProfileBatch batch;
        try {
            batch = OtlpDecoder.decode(bytes, LIMITS, OtlpMessages.TIME).batch();
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
            return;
        }
        assertThat(new HashSet<>(batch.frames())).hasSameSizeAs(batch.frames());
        assertThat(new HashSet<>(batch.stacks().stream().map(List::of).toList()))
                .hasSameSizeAs(batch.stacks());
        for (int[] stack : batch.stacks()) {
            assertThat(stack.length).isLessThanOrEqualTo(20);
        }
        double total = 0;
        for (Profile profile : batch.profiles()) {
            assertThat(profile.size()).isPositive();
            assertThat(profile.startNanos()).isNotNegative();
            assertThat(profile.startNanos() + profile.durationNanos()).isNotNegative();
            Labels labels = profile.series().labels();
            assertThat(labels.get(Labels.SERVICE_NAME)).isNotEmpty();
            assertThat(labels.names()).allMatch(name -> name.matches("[a-zA-Z_][a-zA-Z0-9_]*"));
            for (long value : profile.values()) {
                assertThat(value).isPositive();
                total += value;
            }
        }
        if (total < ProfileReader.TOTAL_MAX) {
            ProfileBatch again;
            try {
                again =
                        OtlpDecoder.decode(OtlpEncoder.encode(batch), LIMITS, OtlpMessages.TIME)
                                .batch();
            } catch (MalformedInputException e) {
                throw new AssertionError("our own request is refused", e);
            }
            assertThat(Profiles.content(again)).isEqualTo(Profiles.content(batch));
        }
    }
}
