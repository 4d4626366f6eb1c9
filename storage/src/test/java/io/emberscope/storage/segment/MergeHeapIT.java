package io.emberscope.storage.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Segments that are larger than the heap are merged, in a JVM of its own: 43 MB of samples and 38
/// MB of stacks, as they are in memory.
class MergeHeapIT {
    private static final int SOURCES = 4;
    private static final int SERIES = 40;
    private static final int STACKS = 2_500;
    private static final int WINDOWS = 3;
    private static final int DEPTH = 12;

    @TempDir Path directory;

    @Test
    void whatIsInMemoryDoesNotGrowWithTheSources() throws Exception {
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-Xmx72m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dslf4j.internal.verbosity=ERROR",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MergeHeapIT.class.getName(),
                        directory.toString());
        Process merge = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> said = merge.inputReader().lines().toList();
        assertThat(merge.waitFor()).as(String.join("\n", said)).isZero();
        // Each source has other times, so no rows are one, and they are two row groups.
        assertThat(said.getLast()).isEqualTo("1200000 samples, 100000 stacks, 100000 frames");
    }

    /// Writes sources and merges them.
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        List<TenantSource> sources = new ArrayList<>();
        for (int i = 0; i < SOURCES; i++) {
            sources.add(source(new LocalDisk(), directory.resolve("source-" + i), i));
        }
        Path merged = directory.resolve("merged");
        Disk disk = new LocalDisk();
        disk.createDirectories(merged);
        TenantMerge.Result result =
                new TenantMerge(sources, disk, merged, SOURCES, Pace.FULL).run();
        TenantSource written = new TenantSource(disk, merged, result.files(), result.rows(), null);
        System.out.printf(
                "%d samples, %d stacks, %d frames%n",
                result.rows(), count(new StackCursor(written)), count(new FrameCursor(written)));
    }

    private static int count(TableCursor cursor) throws IOException {
        try (cursor) {
            int count = 0;
            while (cursor.next()) {
                count++;
            }
            return count;
        }
    }

    /// Every series has stacks of its own, the same in each source.
    private static TenantSource source(Disk disk, Path directory, int number) throws IOException {
        disk.createDirectories(directory);
        try (TenantTables tables = TenantTables.create(disk, directory, number, Pace.FULL)) {
            for (int series = 0; series < SERIES; series++) {
                tables.series(
                        series,
                        new Series(
                                ProfileType.CPU, Labels.of("service_name", "s" + (100 + series))));
                for (int stack = 0; stack < STACKS; stack++) {
                    for (int window = 0; window < WINDOWS; window++) {
                        tables.sample(
                                10_000_000L * (number * WINDOWS + window),
                                10_000,
                                series * STACKS + stack,
                                1 + stack % 100,
                                0);
                    }
                }
            }
            long[] frames = new long[DEPTH];
            for (int stack = 0; stack < SERIES * STACKS; stack++) {
                Arrays.fill(frames, stack / 50);
                frames[0] = stack;
                tables.stack(stack, frames, 0, DEPTH);
            }
            for (int frame = 0; frame < SERIES * STACKS; frame++) {
                tables.frame(
                        frame,
                        new Frame(
                                FrameKind.NATIVE,
                                "b1d0",
                                "app",
                                frame,
                                List.of(new Line("function " + frame, "", "app.c", 7))));
            }
            return new TenantSource(disk, directory, tables.finish(), tables.rows(), null);
        }
    }
}
