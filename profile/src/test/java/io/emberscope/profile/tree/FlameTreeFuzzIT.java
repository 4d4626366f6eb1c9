package io.emberscope.profile.tree;

import io.emberscope.base.fuzz.FuzzRun;
import io.emberscope.profile.Profiles;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlameTreeFuzzIT {
    @Test
    void treesAreDecodedOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        for (long seed = 0; seed < 20; seed++) {
            seeds.add(FlameTree.of(Profiles.merge(Profiles.random(seed)), 30).encode());
        }
        FuzzRun.of(FlameTreeFuzzTarget.class, "io.emberscope.profile", 4 * 1024, seeds);
    }
}
