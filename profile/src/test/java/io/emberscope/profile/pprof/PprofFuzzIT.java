package io.emberscope.profile.pprof;

import io.emberscope.base.fuzz.FuzzRun;
import io.emberscope.profile.Profiles;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PprofFuzzIT {
    @Test
    void filesAreReadOrRefusedWhateverTheirBytes() throws Exception {
        FuzzRun.of(PprofFuzzTarget.class, "io.emberscope.profile", 8 * 1024, seeds());
    }

    /// Files with and without compression.
    static List<byte[]> seeds() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        for (long seed = 0; seed < 20; seed++) {
            byte[] file = PprofWriter.write(Profiles.merge(Profiles.random(seed)));
            seeds.add(seed == 0 ? file : Gzip.inflated(file, 1 << 20));
        }
        return seeds;
    }
}
