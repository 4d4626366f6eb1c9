package io.emberscope.storage.wal;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.storage.window.PreparedBatch;
import java.io.IOException;
import java.nio.file.Path;

/// Takes any bytes for the body of a record, and for a whole log file.
public final class WalFuzzTarget {
    private static final Path DIRECTORY = Path.of("/wal");

    private WalFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        try {
            WalEntry entry = WalEntry.decode(bytes, 0, WalFormat.VERSION);
            WalEntry.decode(bytes, 0, WalFormat.OLDEST_VERSION);
            // What was decoded can be stored, and is the same when it is written again.
            PreparedBatch.of(entry.tenant(), entry.batch());
            WalEntry.Encoded again = entry.encode();
            WalEntry read = WalEntry.decode(again.bytes(), again.rawLength(), WalFormat.VERSION);
            if (read.batch().size() != entry.batch().size()) {
                throw new AssertionError("not the same again");
            }
        } catch (MalformedInputException expected) {
            if (!expected.getMessage().contains("(expected: ")) {
                throw new AssertionError(expected.getMessage());
            }
        }
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(DIRECTORY);
        disk.put(DIRECTORY.resolve("00000000000000000001-0000000000000001.wal"), bytes);
        try (WriteAheadLog log = WriteAheadLog.open(DIRECTORY, disk, 1 << 20, () -> 1)) {
            log.replay(0, (_, _) -> {});
        } catch (IOException e) {
            if (!e.getMessage().contains("a newer Emberscope wrote it")) {
                throw e;
            }
        }
    }
}
