package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Await;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.otlp.OtlpEncoder;
import io.emberscope.server.ledger.ServerProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A server with little memory, and more of everything at once than it can take: it refuses, keeps
/// what it acknowledged, answers others meanwhile and stays as small as its flags say.
class FloodIT {
    private static final int HEAP_MIB = 256;

    /// Heap, direct buffers and compiled code as bounded by the flags; then classes, stacks and the
    /// JVM itself, which no flag bounds.
    static final long RESIDENT_KIB_MAX = (HEAP_MIB + 64 + 64 + 192) << 10;

    static final List<String> FLAGS =
            List.of(
                    "-Xmx" + HEAP_MIB + "m",
                    "-XX:MaxDirectMemorySize=64m",
                    "-XX:ReservedCodeCacheSize=64m");

    /// Of each flood, so many of the requests.
    private static final double SHARE = Boolean.getBoolean("long") ? 1 : 0.4;

    private static final int THREADS = 24;
    private static final int CONNECTIONS = 4_000;

    /// Far more than the buffers of a socket hold, so that a server that does not close reads them.
    private static final int RESETS = 1_000_000;

    private static final String DAY = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir private Path directory;
    private ServerProcess server;
    private HttpClient client;

    @BeforeEach
    void start() throws IOException {
        server =
                ServerProcess.start(
                        directory.resolve("err"),
                        FLAGS,
                        List.of(
                                "--listen",
                                "127.0.0.1:0",
                                "--data",
                                directory.resolve("data").toString()));
        client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(PATIENCE)
                        .build();
    }

    @AfterEach
    void stop() throws IOException {
        if (!server.isAlive()) {
            System.out.println("flood: " + Files.readString(directory.resolve("err")));
        }
        client.close();
        server.close();
    }

    @Test
    void bombsAreRefused() throws Exception {
        byte[] gzip = Bodies.gzipBomb(400);
        byte[] zstd = Bodies.zstdBomb(400);
        Map<Integer, Integer> statuses =
                flood(
                        (int) (400 * SHARE),
                        i -> i % 2 == 0 ? post(gzip, "gzip") : post(zstd, "zstd"));
        // 413 where it was read so far, 429 where others had the memory.
        assertThat(statuses.keySet()).isSubsetOf(413, 429).contains(413);
        assertThat(total()).isZero();
        assertCalm();
    }

    @Test
    void moreThanFitsIsRefusedAndWhatIsAcknowledgedIsStored() throws Exception {
        List<byte[]> bodies = new ArrayList<>();
        List<Long> sums = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ProfileBatch batch = Profiles.node(i, 200);
            bodies.add(OtlpEncoder.encode(batch));
            sums.add(sum(batch));
        }
        long[] acknowledged = new long[1];
        Map<Integer, Integer> statuses =
                flood(
                        (int) (300 * SHARE),
                        i -> {
                            int status = post(bodies.get(i % bodies.size()), "identity");
                            if (status == 200) {
                                synchronized (acknowledged) {
                                    acknowledged[0] += sums.get(i % bodies.size());
                                }
                            }
                            return status;
                        });
        assertThat(statuses.keySet()).isSubsetOf(200, 429).contains(200);
        assertThat(total()).isEqualTo(acknowledged[0]);
        assertCalm();
    }

    @Test
    void queriesThatAreTooManyAreRefused() throws Exception {
        for (int i = 0; i < 6; i++) {
            byte[] body = OtlpEncoder.encode(Profiles.node(i, 2_000));
            // 429 while earlier ones go to disk.
            Await.until(PATIENCE, () -> post(body, "identity") == 200);
        }
        Map<Integer, Integer> statuses =
                flood(
                        (int) (120 * SHARE),
                        i ->
                                get(
                                        switch (i % 3) {
                                            case 0 -> "/api/v1/flamegraph?maxNodes=1048576&" + DAY;
                                            case 1 -> "/api/v1/pprof?" + program(i);
                                            default -> "/api/v1/flamegraph?" + program(i);
                                        }));
        // 422 where one alone is too large, 429 where there are too many.
        assertThat(statuses.keySet()).isSubsetOf(200, 422, 429).contains(200, 422);
        assertCalm();
    }

    @Test
    void connectionsThatSayNothingShutNobodyOut() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                silent.add(new Socket(server.uri().getHost(), server.uri().getPort()));
            }
            assertThat(post(OtlpEncoder.encode(Profiles.cpu()), "identity")).isEqualTo(200);
            assertCalm();
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    /// CVE-2023-44487: streams opened and reset at once cost the client nothing.
    @Test
    void rapidResetsEndTheConnection() throws Exception {
        Map<Integer, Integer> sent = flood(8, _ -> resetsUntilClosed());
        assertThat(sent.keySet()).as("resets sent").allMatch(resets -> resets < RESETS);
        assertCalm();
    }

    /// How many streams could be opened and reset before the server closed the connection.
    private int resetsUntilClosed() throws IOException {
        int resets = 0;
        try (Socket socket = new Socket(server.uri().getHost(), server.uri().getPort())) {
            socket.getOutputStream().write(http2Start());
            for (; resets < RESETS; resets++) {
                socket.getOutputStream().write(openAndReset(2 * resets + 1));
            }
        } catch (SocketException closed) {
            // as it should be
        }
        return resets;
    }

    private static String program(int i) {
        return DAY + "&selector=" + RunningServer.query("{executable=\"program-" + i + "\"}");
    }

    private interface Request {
        int send(int i) throws Exception;
    }

    /// Sends that many requests from many threads, while another asks whether the server is ready.
    ///
    /// @return how often each status came
    private Map<Integer, Integer> flood(int count, Request request) throws Exception {
        Map<Integer, Integer> statuses = new TreeMap<>();
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1)) {
            Future<Integer> probe =
                    threads.submit(
                            () -> {
                                int answers = 0;
                                while (!done.get()) {
                                    assertThat(get("/ready")).isEqualTo(200);
                                    answers++;
                                    Thread.sleep(50);
                                }
                                return answers;
                            });
            List<Callable<Void>> senders = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                senders.add(
                        () -> {
                            for (int i = next.getAndIncrement();
                                    i < count;
                                    i = next.getAndIncrement()) {
                                int status = request.send(i);
                                synchronized (statuses) {
                                    statuses.merge(status, 1, Integer::sum);
                                }
                            }
                            return null;
                        });
            }
            try {
                for (Future<Void> sender : threads.invokeAll(senders)) {
                    sender.get();
                }
            } finally {
                done.set(true);
            }
            assertThat(probe.get()).as("answers meanwhile").isPositive();
        }
        System.out.println(
                "flood: statuses " + statuses + ", peak " + server.peakResidentKib() + " KiB");
        return statuses;
    }

    /// The same process answers, holds nothing of the flood, and never was larger than it may be.
    private void assertCalm() throws Exception {
        assertThat(server.isAlive()).isTrue();
        assertThat(server.get("/ready")).isEqualTo("ready\n");
        assertThat(server.get("/metrics")).contains("\nemberscope_server_ingest_bytes 0\n");
        assertThat(server.peakResidentKib())
                .as("peak of resident KiB")
                .isLessThan(RESIDENT_KIB_MAX);
        assertThat(Files.readString(directory.resolve("err"))).doesNotContain("ERROR");
    }

    private int post(byte[] body, String encoding) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create(server.uri() + "/v1development/profiles"))
                                .timeout(PATIENCE)
                                .header("content-type", "application/x-protobuf")
                                .header("content-encoding", encoding)
                                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private int get(String pathAndQuery) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create(server.uri() + pathAndQuery))
                                .timeout(PATIENCE)
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private long total() throws IOException {
        String json = server.get("/api/v1/top?" + DAY);
        String name = "\"total\":";
        int from = json.indexOf(name) + name.length();
        return Long.parseLong(json.substring(from, json.indexOf(',', from)));
    }

    private static long sum(ProfileBatch batch) {
        return batch.profiles().stream()
                .map(Profile::values)
                .mapToLong(values -> Arrays.stream(values).sum())
                .sum();
    }

    // RFC 9113: the connection preface and empty settings.
    private static byte[] http2Start() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
        return out.toByteArray();
    }

    /// A GET of `/metrics` and its RST_STREAM with CANCEL.
    private static byte[] openAndReset(int stream) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.write(0x82); // :method GET
        block.write(0x86); // :scheme http
        literal(block, 0x04, "/metrics"); // :path
        literal(block, 0x01, "localhost"); // :authority
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int length = block.size();
        // HEADERS with END_HEADERS and END_STREAM.
        out.write(new byte[] {0, (byte) (length >> 8), (byte) length, 1, 5});
        writeInt(out, stream);
        block.writeTo(out);
        out.write(new byte[] {0, 0, 4, 3, 0});
        writeInt(out, stream);
        writeInt(out, 8);
        return out.toByteArray();
    }

    private static void literal(ByteArrayOutputStream out, int name, String value) {
        out.write(name);
        out.write(value.length());
        out.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeInt(ByteArrayOutputStream out, int value) {
        out.writeBytes(
                new byte[] {
                    (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
                });
    }
}
