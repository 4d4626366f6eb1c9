package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.pprof.PprofReader;
import io.emberscope.profile.tree.TopTable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The real server and the real collector, started through `./emberscope` as child processes on
/// free ports, with a data directory of their own.
///
/// Call [#stopCollector] or [#assertConserved] at the end of a test: it ends the collector in good
/// order and checks that kernel hits = stored + drops.
final class RealStack implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(90);
    private static final Map<String, String> AS_BUILT = Map.of("EMBERSCOPE_BUILD", "never");

    private final Path directory;
    private final HttpClient http = HttpClient.newHttpClient();
    private final int serverPort = freePort();
    private final int metricsPort = freePort();
    private final int frequencyHz;
    private final List<String> serverOptions;
    private Child server;
    private Child collector;

    private RealStack(Path directory, int frequencyHz, List<String> serverOptions)
            throws Exception {
        this.directory = directory;
        this.frequencyHz = frequencyHz;
        this.serverOptions = serverOptions;
        // The server is not root, and has to get through to its own folder.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        server = startServer();
        collector = startCollector();
    }

    /// Starts both and waits until they are ready.
    ///
    /// @param serverOptions further ones of the server
    static RealStack start(Path directory, int frequencyHz, String... serverOptions)
            throws Exception {
        RealStack stack = new RealStack(directory, frequencyHz, List.of(serverOptions));
        try {
            stack.awaitServer();
            stack.awaitCollector();
            return stack;
        } catch (AssertionError | Exception e) {
            stack.kill();
            throw e;
        }
    }

    String url() {
        return "http://127.0.0.1:" + serverPort;
    }

    Child server() {
        return server;
    }

    Child collector() {
        return collector;
    }

    /// Starts the server again, at the same port and with the same data.
    void restartServer() throws Exception {
        server = startServer();
        awaitServer();
    }

    /// Starts the collector again, with the same spool.
    void restartCollector() throws Exception {
        collector = startCollector();
        awaitCollector();
    }

    private Child startServer() throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of("./emberscope", "server", "--listen", "127.0.0.1:" + serverPort));
        command.addAll(List.of("--data", data()));
        command.addAll(serverOptions);
        return Child.start(directory.resolve("server.out"), AS_BUILT, command);
    }

    private Child startCollector() throws IOException {
        // Not what this machine's own collector is told; and not fewer samples where a busy machine
        // makes it costly.
        Path sampling = directory.resolve("sampling.conf");
        Files.writeString(sampling, "cpu-budget 100%");
        List<String> command =
                new ArrayList<>(List.of("./emberscope", "collect", "--server", url()));
        command.addAll(List.of("--frequency", Integer.toString(frequencyHz), "--data", data()));
        command.addAll(List.of("--metrics-listen", "127.0.0.1:" + metricsPort));
        command.addAll(List.of("--sampling", sampling.toString()));
        return Child.start(directory.resolve("collector.out"), AS_BUILT, command);
    }

    private void awaitServer() throws InterruptedException {
        server.await("server ready", START, () -> isReady(serverPort));
    }

    private void awaitCollector() throws InterruptedException {
        collector.await("collector ready", START, () -> isReady(metricsPort));
    }

    private String data() {
        return directory.resolve("data").toString();
    }

    private boolean isReady(int port) {
        try {
            return get(port, "/ready").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /// The collector's counters.
    Counts collectorCounts() throws IOException {
        return Counts.parse(text(metricsPort, "/metrics"));
    }

    /// The server's counters.
    Counts serverCounts() throws IOException {
        return Counts.parse(text(serverPort, "/metrics"));
    }

    /// What the server answers to a download of all that matches, of all times.
    MergedProfile profile(String selector) throws Exception {
        return profile(selector, "0", "now");
    }

    /// What the server answers to a download.
    MergedProfile profile(String selector, String from, String to) throws Exception {
        String query =
                "/api/v1/pprof?from=%s&to=%s&selector=%s"
                        .formatted(from, to, URLEncoder.encode(selector, StandardCharsets.UTF_8));
        HttpResponse<byte[]> answer = get(serverPort, query);
        assertThat(answer.statusCode()).as(query).isEqualTo(200);
        return PprofReader.read(answer.body(), IngestLimits.DEFAULT).getFirst();
    }

    /// The text that the server answers to a query that it must not refuse.
    String answer(String query) throws IOException {
        HttpResponse<byte[]> answer = get(serverPort, query);
        String text = new String(answer.body(), StandardCharsets.UTF_8);
        assertThat(answer.statusCode()).as("%s: %s", query, text).isEqualTo(200);
        return text;
    }

    /// CPU time of a function and what it calls, in nanoseconds.
    static long totalOf(MergedProfile profile, String function) {
        return TopTable.of(profile).rows().stream()
                .filter(row -> row.function().name().equals(function))
                .mapToLong(TopTable.Row::total)
                .sum();
    }

    /// Stops the collector, so that all it has is sent.
    ///
    /// @return what it says of its samples
    Farewell stopCollector() throws InterruptedException {
        assertThat(collector.stop()).as(collector.out()).isIn(0, 143);
        return Farewell.parse(collector.out());
    }

    /// Stops the collector and checks the conservation law over the whole chain: what the kernel
    /// counted was stored, or dropped for a reason with a name.
    Farewell assertConserved() throws Exception {
        Farewell farewell = stopCollector();
        assertThat(farewell.samples().get("hits")).as("hits").isPositive();
        assertThat(farewell.samplesUnaccounted()).as("samples in %s", farewell).isZero();
        assertThat(farewell.nanosUnaccounted()).as("nanoseconds in %s", farewell).isZero();
        assertThat(farewell.samplesWithoutReason()).as("reasons in %s", farewell).isZero();
        assertThat(farewell.samples().get("spooled")).as("spooled in %s", farewell).isZero();
        assertThat(profile("{}").total()).as("stored").isEqualTo(farewell.nanos().get("delivered"));
        return farewell;
    }

    private String text(int port, String path) throws IOException {
        return new String(get(port, path).body(), StandardCharsets.UTF_8);
    }

    private HttpResponse<byte[]> get(int port, String path) throws IOException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .timeout(Duration.ofSeconds(60))
                        .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        kill();
    }

    private void kill() {
        http.shutdownNow();
        try {
            collector.kill();
        } finally {
            server.kill();
        }
    }
}
