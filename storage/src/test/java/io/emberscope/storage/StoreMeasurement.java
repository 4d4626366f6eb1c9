package io.emberscope.storage;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Prints sizes and speeds on [HourData]; no test, so it runs only when it is named: `mvn test -pl
/// storage -am -Dtest=StoreMeasurement -Dsurefire.failIfNoSpecifiedTests=false`.
class StoreMeasurement {
    private static final TenantId TENANT = new TenantId("acme");
    private static final int RUNS = 9;

    @TempDir Path temporary;

    @Test
    void hour() throws Exception {
        HourData data = new HourData(Integer.getInteger("services", 20));
        TimeRange hour = TimeRange.ofMillis(data.millis(0), data.millis(HourData.WINDOWS));
        StoreOptions options =
                StoreOptions.defaults()
                        .withWindow(Long.getLong("windowMiB", 64) << 20, Duration.ofHours(1))
                        .withMemory(Long.getLong("memoryMiB", 192) << 20);
        Path directory =
                Path.of(System.getProperty("directory", temporary.toString())).resolve("data");
        try (ProfileStore store = open(directory, options)) {
            long start = System.nanoTime();
            ingest(store, data);
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf(
                    "ingest: %d batches, %.0f batches/s, %.2f M samples/s%n",
                    (long) data.pods() * HourData.WINDOWS,
                    data.pods() * HourData.WINDOWS / seconds,
                    data.samples() / seconds / 1e6);
        }
        sizes(directory, data.samples());
        for (String cold : List.of("cold", "warm")) {
            try (ProfileStore store = open(directory, options)) {
                int runs = cold.equals("cold") ? 1 : RUNS;
                System.out.println(cold + ": " + store.status());
                time(
                        "pod",
                        runs,
                        () -> merge(store, "{pod=\"" + data.labels(7).get("pod") + "\"}", hour));
                time("service", runs, () -> merge(store, "{service_name=\"service-3\"}", hour));
                time("everything", runs, () -> merge(store, "{}", hour));
                time(
                        "series of everything",
                        runs,
                        () ->
                                store.series(
                                                TENANT,
                                                ProfileType.CPU,
                                                Selector.ALL,
                                                hour,
                                                Duration.ofSeconds(15))
                                        .total());
                time(
                        "label values",
                        runs,
                        () ->
                                store.labelValues(TENANT, "pod", Selector.ALL, "", 10_000, hour)
                                        .values()
                                        .size());
            }
        }
    }

    private static long merge(ProfileStore store, String selector, TimeRange hour)
            throws IOException {
        MergedProfile merged =
                store.merge(
                        TENANT,
                        ProfileType.CPU,
                        Selector.parse(selector),
                        null,
                        hour,
                        QueryContext.strict(Duration.ofMinutes(5), 1L << 30));
        return merged.stacks().size();
    }

    private static void ingest(ProfileStore store, HourData data) throws Exception {
        Deque<CompletableFuture<Appended>> open = new ArrayDeque<>();
        long sequence = 0;
        for (int window = 0; window < HourData.WINDOWS; window++) {
            for (int pod = 0; pod < data.pods(); pod++) {
                while (true) {
                    CompletableFuture<Appended> appended =
                            store.append(
                                    TENANT,
                                    new BatchId("pod-" + pod, 1, ++sequence),
                                    data.batch(pod, window));
                    if (!appended.isCompletedExceptionally()) {
                        open.add(appended);
                        break;
                    }
                    Thread.sleep(20);
                }
                while (open.size() > 64) {
                    open.remove().get();
                }
            }
        }
        for (CompletableFuture<Appended> one : open) {
            one.get();
        }
    }

    private static ProfileStore open(Path directory, StoreOptions options) throws IOException {
        return ProfileStore.open(
                directory, options, new LocalDisk(), InstantSource.system(), new Metrics());
    }

    private static void sizes(Path directory, long samples) throws IOException {
        Map<String, Long> sizes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sizes.merge(file.getFileName().toString(), Files.size(file), Long::sum);
            }
        }
        long all = sizes.values().stream().mapToLong(Long::longValue).sum();
        System.out.printf("bytes per sample: %.2f; by file:%n", (double) all / samples);
        sizes.forEach(
                (name, bytes) ->
                        System.out.printf(
                                "  %-16s %10d  %.3f%n", name, bytes, (double) bytes / samples));
    }

    private interface Measured {
        long run() throws IOException;
    }

    private static void time(String name, int runs, Measured measured) throws IOException {
        List<Double> millis = new ArrayList<>();
        long result = 0;
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            result = measured.run();
            millis.add((System.nanoTime() - start) / 1e6);
        }
        double[] sorted = millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        System.out.printf(
                "  %-22s median %8.1f ms, min %8.1f (%d) %s%n",
                name,
                sorted[sorted.length / 2],
                sorted[0],
                result,
                runs == 1 ? "" : Arrays.toString(sorted).substring(0, 30));
    }
}
