package io.emberscope.jmh;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.StoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A store in a directory of its own that goes away with it. The directory is on the disk that
/// holds the working directory, since the usual place for temporary files may be memory.
final class ScratchStore implements AutoCloseable {
    /// Between two batches of one agent.
    static final Duration WINDOW = Duration.ofSeconds(10);

    private final Path directory;
    private final ProfileStore store;
    private final ProfileBatch batch = Recording.batch();
    private long appended;

    ScratchStore() {
        try {
            directory = Files.createTempDirectory(Path.of(""), "bench-store");
            store =
                    ProfileStore.open(
                            directory,
                            StoreOptions.defaults(),
                            new LocalDisk(),
                            InstantSource.system(),
                            new Metrics());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ProfileStore store() {
        return store;
    }

    /// Appends the recorded batch as if it were the next one in time, and waits until it is
    /// durable.
    void appendNext() {
        long later = WINDOW.multipliedBy(appended++).toNanos();
        store.append(TenantId.DEFAULT, null, Recording.later(batch, later)).join();
    }

    /// When the first batch was taken, in milliseconds since the epoch.
    long firstMillis() {
        return batch.profiles().getFirst().startNanos() / 1_000_000;
    }

    @Override
    public void close() throws IOException {
        store.close();
        List<Path> files;
        try (Stream<Path> walk = Files.walk(directory)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }
}
