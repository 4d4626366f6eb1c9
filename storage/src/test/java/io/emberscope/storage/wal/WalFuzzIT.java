package io.emberscope.storage.wal;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.fuzz.FuzzRun;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.Batches;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WalFuzzIT {
    @Test
    void bytesAreReadOrPassedOverWhateverTheyAre() throws Exception {
        Random random = new Random(1);
        List<byte[]> seeds = new ArrayList<>();
        FaultyDisk disk = new FaultyDisk(1);
        Path directory = Path.of("/wal");
        try (WriteAheadLog log = WriteAheadLog.open(directory, disk, 1 << 20, () -> 1)) {
            for (int i = 0; i < 20; i++) {
                WalEntry.Encoded entry =
                        new WalEntry(
                                        new TenantId("acme"),
                                        i % 2 == 0 ? null : new BatchId("agent", 1, i),
                                        Batches.random(random, 3, Batches.START_MILLIS, 2))
                                .encode();
                if (entry.rawLength() == 0) {
                    seeds.add(entry.bytes());
                }
                if (i < 3) {
                    log.append(List.of(entry));
                }
            }
        }
        seeds.add(disk.read(disk.list(directory).getFirst(), 1 << 20));
        FuzzRun.of(WalFuzzTarget.class, "io.emberscope.storage.wal", 4096, seeds);
    }
}
