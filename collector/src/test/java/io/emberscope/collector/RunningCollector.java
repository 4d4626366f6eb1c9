package io.emberscope.collector;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/// The collector as users run it: a process of its own with the JVM options we ship.
final class RunningCollector implements AutoCloseable {
    private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final Pattern TOTALS =
            Pattern.compile(
                    "stopped: samples hits=(\\d+) restored=(\\d+) delivered=(\\d+) dropped=(\\d+)"
                            + " left_out=(\\d+) spooled=(\\d+); nanoseconds hits=(\\d+)"
                            + " restored=(\\d+) delivered=(\\d+) dropped=(\\d+)"
                            + " left_out=(\\d+) spooled=(\\d+)");

    private final Process process;
    private final Path log;
    private final int metricsPort;
    private final HttpClient http = HttpClient.newHttpClient();

    /// What became of all samples, by the collector's own account.
    record Totals(
            long hits, long restored, long delivered, long dropped, long leftOut, long spooled) {
        /// The law that nothing is lost without being counted.
        void checkConservation() {
            assertThat(delivered + dropped + leftOut + spooled)
                    .as("%s", this)
                    .isEqualTo(hits + restored);
        }
    }

    private RunningCollector(Process process, Path log, int metricsPort) {
        this.process = process;
        this.log = log;
        this.metricsPort = metricsPort;
    }

    /// Skips a test where it cannot run.
    static void assumeRoot() {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "not root: eBPF is not possible, so this test says nothing");
    }

    /// The least that `--memory` takes on this machine, by the collector's own word.
    static long leastMemoryMiB() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "@" + Path.of("jvm.options").toAbsolutePath(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.emberscope.collector.CollectorMain",
                                "collect",
                                "--memory=1MiB")
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as("%s", said).isEqualTo(2);
        Matcher least =
                Pattern.compile("--memory: 1MiB \\(expected: at least (\\d+)MiB on").matcher(said);
        assertThat(least.find()).as("%s", said).isTrue();
        return Long.parseLong(least.group(1));
    }

    /// Starts one and waits until it merges samples.
    static RunningCollector start(Path data, String server, String... options) throws Exception {
        return start(List.of(), data, server, options);
    }

    /// The same under a command that executes what follows it.
    static RunningCollector start(List<String> wrapper, Path data, String server, String... options)
            throws Exception {
        Files.createDirectories(data);
        int metricsPort = freePort();
        Path log = Files.createTempFile(data, "collector", ".log");
        List<String> command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + Path.of("jvm.options").toAbsolutePath());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("io.emberscope.collector.CollectorMain", "collect"));
        command.addAll(List.of("--server", server, "--data", data.toString()));
        command.addAll(List.of("--metrics-listen", "127.0.0.1:" + metricsPort));
        if (!List.of(options).contains("--sampling")) {
            // Not what this machine's own collector is told; and not fewer samples where a busy
            // machine makes it costly.
            Path sampling = data.resolve("sampling.conf");
            Files.writeString(sampling, "cpu-budget 100%");
            command.addAll(List.of("--sampling", sampling.toString()));
        }
        command.addAll(Arrays.asList(options));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        RunningCollector collector = new RunningCollector(process, log, metricsPort);
        long start = System.nanoTime();
        while (!collector.isReady()) {
            assertThat(process.isAlive()).as("%s", Files.readString(log)).isTrue();
            assertThat(System.nanoTime() - start).as("time to get ready").isLessThan(READY_NANOS);
            Thread.sleep(20);
        }
        return collector;
    }

    long pid() {
        return process.pid();
    }

    /// The value of a metric, with its labels if it has some.
    long metric(String name) throws IOException, InterruptedException {
        return (long) gauge(name);
    }

    /// The same of one that need not be whole.
    double gauge(String name) throws IOException, InterruptedException {
        return find(name).orElseThrow(() -> new AssertionError("no metric " + name));
    }

    private OptionalDouble find(String name) throws IOException, InterruptedException {
        for (String line : get("/metrics").body().split("\n", -1)) {
            if (line.startsWith(name + ' ')) {
                return OptionalDouble.of(Double.parseDouble(line.substring(name.length() + 1)));
            }
        }
        return OptionalDouble.empty();
    }

    /// Waits until a metric, which there may not be before, reaches a value.
    void awaitMetric(String name, long value) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (find(name).orElse(-1) < value) {
            assertThat(System.nanoTime() - start)
                    .as("time until %s is %d; %s", name, value, log())
                    .isLessThan(READY_NANOS);
            Thread.sleep(100);
        }
    }

    /// Waits until a metric is 0 and has been for a while.
    void awaitQuiet(String name) throws IOException, InterruptedException {
        long start = System.nanoTime();
        for (int calm = 0; calm < 5; calm = metric(name) == 0 ? calm + 1 : 0) {
            assertThat(System.nanoTime() - start)
                    .as("time until %s is 0; %s", name, log())
                    .isLessThan(READY_NANOS);
            Thread.sleep(100);
        }
    }

    /// Waits until it has said something.
    void awaitLog(String text) throws IOException, InterruptedException {
        awaitLog(text, 1);
    }

    /// Waits until it has said something so many times.
    void awaitLog(String text, int times) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (log().split(Pattern.quote(text), -1).length <= times) {
            assertThat(System.nanoTime() - start)
                    .as("time until it says %s, %d times; %s", text, times, log())
                    .isLessThan(READY_NANOS);
            Thread.sleep(100);
        }
    }

    /// Stops it as an operator does and returns its account.
    Totals stop() throws IOException, InterruptedException {
        process.destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        Matcher totals = TOTALS.matcher(log());
        assertThat(totals.find()).as("%s", log()).isTrue();
        Totals nanos = totals(totals, 7);
        nanos.checkConservation();
        Totals samples = totals(totals, 1);
        samples.checkConservation();
        return samples;
    }

    /// Kills it without a warning.
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    @Override
    public void close() {
        kill();
        http.close();
    }

    private boolean isReady() throws InterruptedException {
        try {
            return get("/ready").statusCode() == 200;
        } catch (IOException _) {
            return false;
        }
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static Totals totals(Matcher found, int from) {
        long[] numbers = new long[6];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Long.parseLong(found.group(from + i));
        }
        return new Totals(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
