package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.TenantId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that dies at each named place of a merge, on a real disk: the old segments are there
/// or the new one, and every answer is the same.
class MergeHaltIT {
    private static final TenantId ACME = new TenantId("acme");
    private static final int SEGMENTS = 5;
    private static final int HALTED = 86;

    /// Places, and how many segments are there afterwards.
    private static final Map<String, Integer> PLACES =
            Map.of(
                    "merge.tenant", SEGMENTS,
                    "merge.manifest", SEGMENTS,
                    "merge.written", SEGMENTS,
                    "merge.renamed", 2,
                    "merge.published", 2,
                    "merge.swapped", 2,
                    "segment.delete", 2,
                    "segment.delete.renamed", 2,
                    "segment.delete.forced", 2);

    @TempDir Path directory;

    @Test
    void aProcessThatDiesInAMergeLosesAndDoublesNothing() throws Exception {
        Path whole = directory.resolve("whole");
        Random random = new Random(8);
        Map<String, Object> expected;
        try (ProfileStore store = open(whole, new AtomicLong())) {
            for (int i = 0; i < SEGMENTS; i++) {
                for (int j = 0; j < 10; j++) {
                    var _ =
                            store.append(
                                    ACME,
                                    null,
                                    Batches.random(random, 10, Batches.START_MILLIS, 60));
                }
                store.flush();
            }
            expected = Answers.of(store, ACME);
        }
        for (Map.Entry<String, Integer> place : PLACES.entrySet()) {
            Path copy = directory.resolve(place.getKey());
            copy(whole, copy);
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
            command.addAll(
                    List.of(
                            "--enable-native-access=ALL-UNNAMED",
                            "-Demberscope.failpoints=true",
                            "-Demberscope.failpoint.halt=" + place.getKey(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            MergeHaltIT.class.getName(),
                            copy.toString()));
            Process merge =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(directory.resolve("said").toFile())
                            .start();
            assertThat(merge.waitFor()).as(place.getKey()).isEqualTo(HALTED);
            try (ProfileStore store = open(copy, new AtomicLong())) {
                assertThat(store.status().segments())
                        .as(place.getKey())
                        .isEqualTo(place.getValue());
                assertThat(Answers.of(store, ACME)).as(place.getKey()).isEqualTo(expected);
                assertThat(store.health().warnings()).isEmpty();
            }
        }
    }

    /// Merges what is in a directory.
    public static void main(String[] arguments) throws IOException {
        AtomicLong leap = new AtomicLong();
        try (ProfileStore store = open(Path.of(arguments[0]), leap)) {
            leap.set(MergePolicy.QUIET.toNanos());
            while (store.mergeOne()) {
                // all there is
            }
            store.tick();
        }
    }

    private static ProfileStore open(Path directory, AtomicLong leap) throws IOException {
        return ProfileStore.open(
                directory,
                StoreOptions.defaults(),
                new LocalDisk(),
                InstantSource.system(),
                new Metrics(),
                StoreRuntime.manual(() -> System.nanoTime() + leap.get(), () -> 1));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
