package io.emberscope.storage.segment;

import io.emberscope.base.fuzz.FuzzRun;
import io.emberscope.profile.TenantId;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestFuzzIT {
    @Test
    void manifestsAreReadOrRefusedWhateverTheirBytes() throws Exception {
        DataFile small = new DataFile("samples.parquet", 100, new int[] {7});
        DataFile large = new DataFile("stacks.parquet", 100_000, new int[] {1, 2});
        Manifest manifest =
                new Manifest(
                        1,
                        9,
                        1_795_564_800_000L,
                        1_795_564_700_000L,
                        1_795_564_800_000L,
                        3,
                        List.of(
                                new Manifest.Tenant(
                                        new TenantId("acme"),
                                        "0a",
                                        5,
                                        10,
                                        20,
                                        List.of(small, large))));
        byte[] bytes = manifest.encode();
        FuzzRun.of(
                ManifestFuzzTarget.class,
                "io.emberscope.storage.segment",
                2048,
                List.of(Arrays.copyOf(bytes, bytes.length - 4)));
    }
}
