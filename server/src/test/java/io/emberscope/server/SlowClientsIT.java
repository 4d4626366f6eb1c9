package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.profile.Profiles;
import io.emberscope.server.edge.Limits;
import java.io.IOException;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that send or read too slowly are ended, whatever they are slow at, and hold nobody up
/// until then. The timeouts are those of production divided by thirty.
class SlowClientsIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final int DROPS_MAX = 240;

    @TempDir private static Path data;
    private static RunningServer server;

    @BeforeAll
    static void start() throws IOException {
        server =
                RunningServer.start(
                        Limits.of(RunningServer.SMALL_HEAP).withTimeouts(TIMEOUT, TIMEOUT),
                        new LocalDisk(),
                        data);
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static String post(String type, int length) {
        return String.join(
                "\r\n",
                "POST /v1development/profiles HTTP/1.1",
                "Host: localhost",
                "Accept: */*",
                "Content-Type: " + type,
                "Content-Length: " + length,
                "",
                "");
    }

    @Test
    void aConnectionThatSaysNothingIsClosed() throws Exception {
        try (RawHttp raw = new RawHttp(server.uri())) {
            assertThat(raw.rest()).isEmpty();
        }
    }

    @Test
    void aHeadThatTricklesInIsCutOff() throws Exception {
        assertTrickleEnds("GET / HTTP/1.1\r\n", "a: b\r\n");
    }

    @Test
    void aRequestLineThatTricklesInIsCutOff() throws Exception {
        assertTrickleEnds("GET /", "x");
    }

    @Test
    void aBodyThatTricklesInIsCutOff() throws Exception {
        assertTrickleEnds(post("application/x-protobuf", 1_000_000), "x");
        assertThat(server.metric("emberscope_server_ingest_bytes")).isZero();
    }

    @Test
    void aBodyThatTricklesInAfterItWasRefusedIsCutOff() throws Exception {
        assertTrickleEnds(post("text/plain", 1_000_000), "x");
        assertTrickleEnds(post("application/x-protobuf", 1_000_000_000), "x");
        assertTrickleEnds(post("text/plain", 1_000_000).replace("localhost", "evil"), "x");
        assertTrickleEnds(post("text/plain", 1_000).replace("/v1", "/v2"), "x");
    }

    @Test
    void uploadsThatTrickleInOrStopAreRefusedAndTheirPlacesAreFreeAgain() throws Exception {
        // Twice, so that the threads of the first ones serve the others.
        for (int round = 0; round < 2; round++) {
            List<RawHttp> slow = new ArrayList<>();
            try {
                for (int i = 0; i < Limits.UPLOADS_MAX; i++) {
                    RawHttp raw = new RawHttp(server.uri());
                    slow.add(raw);
                    raw.send(upload());
                    if (i % 2 == 0) {
                        Thread.ofPlatform().daemon().start(() -> trickle(raw));
                    }
                }
                for (RawHttp raw : slow) {
                    assertThat(raw.answer())
                            .startsWith("HTTP/1.1 400 ")
                            .endsWith(
                                    "\"file: came too slowly (expected: at least 65536 bytes each"
                                            + " 1 s)\"}}");
                }
            } finally {
                for (RawHttp raw : slow) {
                    raw.close();
                }
            }
            String answer = answerToAWholeUpload();
            assertThat(answer).contains("expected: ").doesNotContain("came too slowly");
        }
        try (Stream<Path> left = Files.list(data.resolve("symbols/incoming"))) {
            assertThat(left).isEmpty();
        }
    }

    private static String upload() {
        return post("application/octet-stream", 1_000_000)
                .replace("/v1development/profiles", "/api/v1/debuginfo");
    }

    private static void trickle(RawHttp raw) {
        try {
            while (true) {
                raw.send("x");
                Thread.sleep(100);
            }
        } catch (IOException | InterruptedException _) {
            // It is closed.
        }
    }

    /// What is said of a file that is none, once a thread is free.
    private static String answerToAWholeUpload() throws Exception {
        byte[] file = "no debug file".repeat(10).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < DROPS_MAX; i++) {
            HttpResponse<byte[]> answer =
                    server.post(
                            "/api/v1/debuginfo", file, "content-type", "application/octet-stream");
            if (answer.statusCode() != 429) {
                assertThat(answer.statusCode()).isEqualTo(400);
                return new String(answer.body(), StandardCharsets.UTF_8);
            }
            Thread.sleep(100);
        }
        throw new AssertionError("no place is free");
    }

    @Test
    void aBodyThatStopsIsAnsweredAndClosed() throws Exception {
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send(post("application/x-protobuf", 1_000_000) + "some of it");
            assertThat(raw.rest())
                    .startsWith("HTTP/1.1 408 ")
                    .endsWith(
                            "{\"error\":{\"code\":\"request_timeout\",\"message\":"
                                    + "\"body: incomplete after 1 s (expected: whole)\"}}");
        }
        assertThat(server.metric("emberscope_server_ingest_bytes")).isZero();
    }

    @Test
    void aRefusalDoesNotWaitForTheBody() throws Exception {
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send(post("text/plain", 1_000_000));
            assertThat(raw.answer()).startsWith("HTTP/1.1 415 ");
        }
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send(post("application/x-protobuf", 1_000_000_000));
            assertThat(raw.answer()).startsWith("HTTP/1.1 413 ");
        }
    }

    @Test
    void headsThatAreTooLongAreRefused() throws Exception {
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
            assertThat(raw.answer())
                    .startsWith("HTTP/1.1 431 ")
                    .contains("headers: too long (expected: at most 16384 bytes)");
        }
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(raw.answer())
                    .startsWith("HTTP/1.1 414 ")
                    .contains("request line: too long (expected: at most 16384 bytes)");
        }
    }

    @Test
    void slowClientsDoNotHoldUpOthers() throws Exception {
        List<RawHttp> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 200; i++) {
                RawHttp raw = new RawHttp(server.uri());
                slow.add(raw);
                raw.send(i % 2 == 0 ? "GET / HT" : post("application/x-protobuf", 4_000_000));
            }
            assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
            assertThat(server.text("/ready")).isEqualTo("ready\n");
        } finally {
            for (RawHttp raw : slow) {
                raw.close();
            }
        }
    }

    private static void assertTrickleEnds(String start, String drop) throws Exception {
        try (RawHttp raw = new RawHttp(server.uri())) {
            raw.send(start);
            for (int i = 0; i < DROPS_MAX; i++) {
                Thread.sleep(100);
                raw.send(drop);
            }
        } catch (SocketException closed) {
            return;
        }
        throw new AssertionError("still open after " + DROPS_MAX + " drops");
    }
}
