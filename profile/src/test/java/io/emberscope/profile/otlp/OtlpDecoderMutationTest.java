package io.emberscope.profile.otlp;

import io.emberscope.profile.Mutations;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Damages requests in ways that a seed repeats exactly; see [OtlpFuzzTarget].
class OtlpDecoderMutationTest {
    private static final int ROUNDS = Integer.getInteger("mutation.rounds", 20_000);

    @Test
    void damagedRequestsAreDecodedOrRefused() {
        List<byte[]> seeds = OtlpDecoderFuzzIT.seeds();
        for (long seed = 0; seed < ROUNDS; seed++) {
            byte[] bytes = Mutations.of(seeds, new Random(seed));
            try {
                OtlpFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void everyTruncationIsDecodedOrRefused() {
        for (byte[] whole : OtlpDecoderFuzzIT.seeds()) {
            for (int length = 0; length < whole.length; length += length < 256 ? 1 : 41) {
                OtlpFuzzTarget.fuzzerTestOneInput(Arrays.copyOf(whole, length));
            }
        }
    }
}
