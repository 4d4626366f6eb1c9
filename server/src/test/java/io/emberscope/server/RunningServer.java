package io.emberscope.server;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.OtlpEncoder;
import io.emberscope.server.edge.Limits;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/// A real server on a free port of the loopback address, and a client for it.
public final class RunningServer implements AutoCloseable {
    /// A heap for which the limits are small enough to reach in a test.
    static final long SMALL_HEAP = 192L << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final EmberscopeServer server;
    private final HttpClient client =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(PATIENCE)
                    .build();

    private RunningServer(EmberscopeServer server) {
        this.server = server;
    }

    /// Starts one that keeps its profiles in that directory.
    public static RunningServer start(Path data, String... options) throws IOException {
        return start(new LocalDisk(), data, options);
    }

    /// Starts one on that disk.
    static RunningServer start(Disk disk, Path data, String... options) throws IOException {
        return start(Limits.of(SMALL_HEAP), disk, data, options);
    }

    /// Starts one with those limits.
    static RunningServer start(Limits limits, Disk disk, Path data, String... options)
            throws IOException {
        return start(limits, disk, InstantSource.system(), data, options);
    }

    /// Starts one with that clock.
    static RunningServer start(InstantSource clock, Path data, String... options)
            throws IOException {
        return start(Limits.of(SMALL_HEAP), new LocalDisk(), clock, data, options);
    }

    private static RunningServer start(
            Limits limits, Disk disk, InstantSource clock, Path data, String... options)
            throws IOException {
        return new RunningServer(
                EmberscopeServer.start(options(data, options), limits, disk, clock, new Metrics()));
    }

    private static ServerOptions options(Path data, String... more) throws MalformedInputException {
        List<String> arguments = new ArrayList<>(List.of("--data", data.toString()));
        arguments.addAll(List.of(more));
        if (!arguments.contains("--listen")) {
            arguments.addAll(List.of("--listen", "127.0.0.1:0"));
        }
        return ServerOptions.parse(arguments);
    }

    /// Where it is reached.
    public URI uri() {
        return server.uri();
    }

    EmberscopeServer server() {
        return server;
    }

    HttpResponse<byte[]> get(String pathAndQuery, String... headers)
            throws IOException, InterruptedException {
        return send(request(pathAndQuery, headers).GET().build());
    }

    /// The body of an answer that must be 200.
    String text(String pathAndQuery) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = get(pathAndQuery);
        String body = new String(response.body(), StandardCharsets.UTF_8);
        if (response.statusCode() != 200) {
            throw new AssertionError(pathAndQuery + ": " + response.statusCode() + " " + body);
        }
        return body;
    }

    HttpResponse<byte[]> post(byte[] body, String... headers)
            throws IOException, InterruptedException {
        return post("/v1development/profiles", body, headers);
    }

    HttpResponse<byte[]> post(String path, byte[] body, String... headers)
            throws IOException, InterruptedException {
        return send(
                request(path, headers).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build());
    }

    /// Sends a batch as an agent does.
    HttpResponse<byte[]> post(ProfileBatch batch, String... headers)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("content-type", "application/x-protobuf"));
        all.addAll(List.of(headers));
        return post(OtlpEncoder.encode(batch), all.toArray(String[]::new));
    }

    /// The value of a metric, with its labels as they are printed.
    double metric(String nameAndLabels) throws IOException, InterruptedException {
        return text("/metrics")
                .lines()
                .filter(line -> line.startsWith(nameAndLabels + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(nameAndLabels + ": no such metric"));
    }

    static String query(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }

    private HttpResponse<byte[]> send(HttpRequest request)
            throws IOException, InterruptedException {
        return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    private HttpRequest.Builder request(String pathAndQuery, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(server.uri() + pathAndQuery)).timeout(PATIENCE);
        return headers.length == 0 ? request : request.headers(headers);
    }
}
