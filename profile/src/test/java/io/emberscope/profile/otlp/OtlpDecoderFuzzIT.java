package io.emberscope.profile.otlp;

import io.emberscope.base.fuzz.FuzzRun;
import io.emberscope.profile.Profiles;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OtlpDecoderFuzzIT {
    @Test
    void requestsAreDecodedOrRefusedWhateverTheirBytes() throws Exception {
        FuzzRun.of(OtlpFuzzTarget.class, "io.emberscope.profile", 8 * 1024, seeds());
    }

    /// Requests of ours and of others.
    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        seeds.add(OtlpEncoder.encode(Profiles.cpu()));
        for (long seed = 0; seed < 40; seed++) {
            seeds.add(OtlpRequests.random(seed).toByteArray());
        }
        return seeds;
    }
}
