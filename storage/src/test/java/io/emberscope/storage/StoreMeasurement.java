package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.storage.HourFile.Body;
import io.emberscope.storage.StoreQuestions.Question;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Prints sizes and speeds on a [RecordedHour]; no test, so it runs only when it is named:
///
/// ```
/// mvn test -pl storage -am -Dtest=StoreMeasurement -Dsurefire.failIfNoSpecifiedTests=false \
///     -Drecordings=DIRECTORY [-Ddirectory=WHERE THE STORE IS KEPT]
/// ```
///
/// The hour is first written to a file, as the bodies of requests, so that no time of its making is
/// counted. Cold is a question that is the first of a new process, after the page cache was emptied
/// as far as root may.
class StoreMeasurement {
    private static final int WARM_UP = 5;
    private static final int RUNS = 9;
    private static final int COLD_RUNS = 3;
    private static final int SENDERS = 2;
    private static final int IN_FLIGHT = 32;

    private final OperatingSystemMXBean process =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    @TempDir Path temporary;

    @Test
    void hour() throws Exception {
        Path recordings = Path.of(System.getProperty("recordings", "recordings"));
        RecordedHour hour = RecordedHour.read(recordings, Long.getLong("seed", 11));
        System.out.println(hour.table());
        Path directory = Path.of(System.getProperty("directory", temporary.toString()));
        Files.createDirectories(directory);
        Path file = directory.resolve("hour-" + Long.getLong("seed", 11));
        if (!Files.exists(file)) {
            HourFile.write(hour, file);
        }
        System.out.println(HourFile.facts(hour));
        Path data = directory.resolve("data");
        if (!Files.exists(data)) {
            ingest(file, data, hour);
        }
        sizes(data, hour);
        merge(data);
        sizes(data, hour);
        ask(data, hour);
    }

    private void ingest(Path file, Path data, RecordedHour hour) throws Exception {
        Metrics metrics = new Metrics();
        long cpu = process.getProcessCpuTime();
        long start = System.nanoTime();
        double taken;
        AtomicLong value = new AtomicLong();
        try (ProfileStore store =
                        ProfileStore.open(
                                data,
                                StoreOptions.defaults(),
                                new LocalDisk(),
                                InstantSource.system(),
                                metrics);
                HourFile bodies = new HourFile(file);
                ExecutorService senders = Executors.newFixedThreadPool(SENDERS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < SENDERS; i++) {
                all.add(
                        senders.submit(
                                () -> {
                                    send(bodies, store, value);
                                    return this;
                                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
            taken = (System.nanoTime() - start) / 1e9;
        }
        double cpuSeconds = (process.getProcessCpuTime() - cpu) / 1e9;
        System.out.printf(
                "ingest: %.0f profiles/s, %.2f M samples/s, %.2f s; in segments after %.2f s; CPU %.2f ms"
                        + " a profile%n",
                hour.profiles() / taken,
                hour.samples() / taken / 1e6,
                taken,
                (System.nanoTime() - start) / 1e9,
                cpuSeconds * 1e3 / hour.profiles());
        metrics.text()
                .lines()
                .filter(line -> line.matches("emberscope_storage_(log_bytes|log_gro|segment).*"))
                .forEach(System.out::println);
        try (ProfileStore store = StoreQuestions.open(data, StoreOptions.defaults())) {
            MergedProfile all = StoreQuestions.merge(store, "{}", range(hour));
            System.out.printf("%,d stacks, %,d frames%n", all.stacks().size(), all.frames().size());
            assertThat(all.total()).isEqualTo(value.get());
        }
    }

    private static void send(HourFile bodies, ProfileStore store, AtomicLong value)
            throws Exception {
        Deque<CompletableFuture<Appended>> open = new ArrayDeque<>();
        for (Body body = bodies.next(); body != null; body = bodies.next()) {
            ProfileBatch batch = body.decoded();
            for (Profile profile : batch.profiles()) {
                value.addAndGet(profile.total());
            }
            CompletableFuture<Appended> appended =
                    store.append(StoreQuestions.TENANT, body.id(), batch);
            while (appended.isCompletedExceptionally()) {
                Thread.sleep(20);
                appended = store.append(StoreQuestions.TENANT, body.id(), batch);
            }
            open.add(appended);
            if (open.size() > IN_FLIGHT) {
                open.remove().get();
            }
        }
        for (CompletableFuture<Appended> one : open) {
            one.get();
        }
    }

    /// As ten minutes after the load, but without pauses.
    private void merge(Path data) throws Exception {
        Metrics metrics = new Metrics();
        long leap = MergePolicy.QUIET.toNanos();
        AtomicLong nanos = new AtomicLong();
        long cpu = process.getProcessCpuTime();
        long start = System.nanoTime();
        try (ProfileStore store =
                ProfileStore.open(
                        data,
                        StoreOptions.defaults(),
                        new LocalDisk(),
                        InstantSource.system(),
                        metrics,
                        StoreRuntime.manual(() -> System.nanoTime() + nanos.get(), () -> 1))) {
            nanos.set(leap);
            long before = System.nanoTime();
            while (store.mergeOne()) {
                System.out.printf(
                        "merged: %.2f s; %s%n", (System.nanoTime() - before) / 1e9, store.status());
                before = System.nanoTime();
            }
            store.tick();
        }
        System.out.printf(
                "merge: %.2f s, CPU %.2f s%n",
                (System.nanoTime() - start) / 1e9, (process.getProcessCpuTime() - cpu) / 1e9);
        metrics.text()
                .lines()
                .filter(line -> line.startsWith("emberscope_storage_merge"))
                .forEach(System.out::println);
    }

    private static void sizes(Path directory, RecordedHour hour) throws IOException {
        Map<String, Long> sizes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sizes.merge(file.getFileName().toString(), Files.size(file), Long::sum);
            }
        }
        long all = sizes.values().stream().mapToLong(Long::longValue).sum();
        System.out.printf(
                "on disk: %.1f MB, %.2f bytes a sample, %.2f kB a profile; by file:%n",
                all / 1e6, (double) all / hour.samples(), all / 1e3 / hour.profiles());
        sizes.forEach(
                (name, bytes) ->
                        System.out.printf(
                                "  %-16s %10d  %.3f%n",
                                name, bytes, (double) bytes / hour.samples()));
    }

    private void ask(Path data, RecordedHour hour) throws Exception {
        String service = hour.service(35);
        String pod = hour.labels(37).get("pod");
        TimeRange range = range(hour);
        System.out.printf("service %s, pod %s%n", service, pod);
        Map<String, Question> questions = StoreQuestions.of(range, service, pod);
        List<String> rows = new ArrayList<>();
        try (ProfileStore store = StoreQuestions.open(data, StoreOptions.defaults())) {
            for (Map.Entry<String, Question> question : questions.entrySet()) {
                rows.add(question.getKey() + warm(store, question.getValue()));
            }
            System.out.println(store.status());
        }
        System.out.println("| question | answer | warm, ms | CPU, ms | cold, ms | CPU, ms |");
        System.out.println("| --- | ---: | ---: | ---: | ---: | ---: |");
        for (int i = 0; i < rows.size(); i++) {
            String cold =
                    cold(
                            data.toString(),
                            "" + range.from().toEpochMilli(),
                            "" + range.to().toEpochMilli(),
                            service,
                            pod,
                            "" + i);
            System.out.println("| " + rows.get(i) + cold + " |");
        }
    }

    private String warm(ProfileStore store, Question question) throws IOException {
        List<Double> millis = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        long answer = 0;
        for (int i = -WARM_UP; i < RUNS; i++) {
            long cpuBefore = process.getProcessCpuTime();
            long start = System.nanoTime();
            answer = question.ask(store);
            if (i >= 0) {
                millis.add((System.nanoTime() - start) / 1e6);
                cpu.add((process.getProcessCpuTime() - cpuBefore) / 1e6);
            }
        }
        return String.format(" | %,d | %.1f | %.1f", answer, median(millis), median(cpu));
    }

    private static String cold(String... arguments) throws IOException, InterruptedException {
        List<Double> millis = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Xmx512m",
                                "-XX:+UseSerialGC",
                                "--enable-native-access=ALL-UNNAMED",
                                "-Dslf4j.internal.verbosity=ERROR",
                                "-cp",
                                System.getProperty("java.class.path"),
                                StoreQuestions.class.getName()));
        command.addAll(List.of(arguments));
        for (int i = 0; i < COLD_RUNS; i++) {
            assertThat(dropPageCache()).as("page cache dropped, which only root may").isTrue();
            Process asked =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            List<String> lines = asked.inputReader().lines().toList();
            assertThat(asked.waitFor()).isZero();
            String[] numbers = lines.getLast().split(" ", -1);
            millis.add(Double.valueOf(numbers[0]));
            cpu.add(Double.valueOf(numbers[1]));
        }
        return String.format(" | %.1f | %.1f", median(millis), median(cpu));
    }

    private static boolean dropPageCache() throws IOException, InterruptedException {
        return new ProcessBuilder("sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches")
                        .start()
                        .waitFor()
                == 0;
    }

    private static TimeRange range(RecordedHour hour) {
        return TimeRange.ofMillis(hour.millis(0), hour.millis(RecordedHour.WINDOWS));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
