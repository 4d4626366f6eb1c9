package io.emberscope.profile.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class OtlpRoundTripTest {
    private static final int SEEDS = Boolean.getBoolean("long") ? 1_000 : 400;

    @Test
    void whatIsEncodedComesBack() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            ProfileBatch batch = Profiles.random(seed);
            ProfileBatch back = OtlpDecoder.decode(OtlpEncoder.encode(batch), IngestLimits.DEFAULT);
            assertThat(Profiles.content(back))
                    .as("seed %d", seed)
                    .isEqualTo(Profiles.content(batch));
            assertThat(Profiles.seriesIds(back)).isEqualTo(Profiles.seriesIds(batch));
            assertThat(new HashSet<>(back.frames())).hasSameSizeAs(back.frames());
            assertThat(back.profiles()).hasSameSizeAs(batch.profiles());
        }
    }

    @Test
    void aNodesExportComesBack() throws Exception {
        ProfileBatch batch = Profiles.node(1, 1_300);
        ProfileBatch back = OtlpDecoder.decode(OtlpEncoder.encode(batch), IngestLimits.DEFAULT);
        assertThat(Profiles.content(back)).isEqualTo(Profiles.content(batch));
        assertThat(back.total()).isEqualTo(batch.total());
        assertThat(back.size()).isEqualTo(batch.size());
    }
}
