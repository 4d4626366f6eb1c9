package io.emberscope.collector.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a real HTTP server, the JDK's.
final class HttpSenderTest {
    private static final BatchId ID = new BatchId("agent", 3, 4);
    private static final byte[] BODY = "the batch".getBytes(StandardCharsets.UTF_8);

    private final AtomicReference<String> request = new AtomicReference<>("");
    private HttpServer server;
    private int status = 200;
    private byte[] answer = {};
    private String retryAfter = "";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void batchArrivesWithItsNameAndEncoding() {
        assertThat(send()).isEqualTo(new SendResult.Accepted(""));
        assertThat(request.get())
                .isEqualTo(
                        "POST /v1development/profiles application/x-protobuf gzip agent/3/4 null"
                                + " the batch");
    }

    @Test
    void tokenIsReadAnewForEachBatch(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("token");
        HttpSender sender = sender(file, 5_000);
        Files.writeString(file, "secret1\n");
        sender.send(ID, BODY);
        assertThat(request.get()).contains("Bearer secret1");
        Files.writeString(file, "secret2");
        sender.send(ID, BODY);
        assertThat(request.get()).contains("Bearer secret2");
        Files.writeString(file, "bad\r\nheader: x");
        assertThat(sender.send(ID, BODY)).isInstanceOf(SendResult.Failed.class);
        Files.delete(file);
        assertThat(sender.send(ID, BODY)).isInstanceOf(SendResult.Failed.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 413, 415, 422})
    void refusalForGoodCarriesWhatTheServerSaid(int code) {
        status = code;
        answer = bytes("{\"error\":\"labels: 99\n(expected: at most 30)\"}");
        assertThat(send())
                .isEqualTo(
                        new SendResult.Rejected(
                                "status "
                                        + code
                                        + ": {\"error\":\"labels: 99 (expected: at most 30)\"}"));
    }

    @ParameterizedTest
    @ValueSource(ints = {302, 408, 429, 500, 502, 503, 504})
    void otherAnswersAreWorthAnotherTry(int code) {
        status = code;
        retryAfter = "7";
        SendResult.Failed failed = (SendResult.Failed) send();
        assertThat(failed.message()).startsWith("status " + code);
        assertThat(failed.waitNanos()).isEqualTo(7_000_000_000L);
    }

    @Test
    void absurdRetryAfterIsBounded() {
        status = 503;
        retryAfter = "2000000000";
        assertThat(((SendResult.Failed) send()).waitNanos()).isEqualTo(600_000_000_000L);
        retryAfter = "Wed, 21 Oct 2026 07:28:00 GMT";
        assertThat(((SendResult.Failed) send()).waitNanos()).isZero();
    }

    @Test
    void partialSuccessIsAWarning() {
        // partial_success { rejected_profiles: 2, error_message: "no" }
        answer = new byte[] {0x0a, 6, 0x08, 2, 0x12, 2, 'n', 'o'};
        assertThat(send()).isEqualTo(new SendResult.Accepted("2 profiles rejected: no"));
        answer = new byte[] {0x0a, 99};
        assertThat(send()).isEqualTo(new SendResult.Accepted(""));
    }

    @Test
    void hugeAnswerIsNotReadToItsEnd() {
        status = 400;
        answer = bytes("x".repeat(3 << 20));
        SendResult.Rejected rejected = (SendResult.Rejected) send();
        assertThat(rejected.message()).hasSizeLessThan(600);
    }

    @Test
    void serverThatIsAwayIsWorthAnotherTry() {
        HttpSender sender = sender(null, 5_000);
        server.stop(0);
        assertThat(sender.send(ID, BODY)).isInstanceOf(SendResult.Failed.class);
    }

    @Test
    void serverThatHangsIsLeftAfterTheTimeout() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HttpSender sender =
                    new HttpSender(target(silent.getLocalPort(), null), System::nanoTime, 300);
            assertThat(sender.send(ID, BODY)).isInstanceOf(SendResult.Failed.class);
        }
    }

    /// Again and again, as what the JDK makes of it is a matter of a moment.
    @RepeatedTest(50)
    void attemptThatTakesTooLongIsCutOff() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        server.removeContext("/");
        server.createContext(
                "/",
                exchange -> {
                    arrived.countDown();
                    try {
                        release.await();
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                    exchange.close();
                });
        long[] now = {0};
        HttpSender sender =
                new HttpSender(target(server.getAddress().getPort(), null), () -> now[0], 60_000);
        AtomicReference<SendResult> result = new AtomicReference<>();
        Thread sending = Thread.ofPlatform().start(() -> result.set(sender.send(ID, BODY)));
        arrived.await();
        sender.cutIfStuck();
        assertThat(result.get()).isNull();
        now[0] = 61_000_000_000L;
        sender.cutIfStuck();
        sending.join(30_000);
        assertThat(result.get()).isInstanceOf(SendResult.Failed.class);
        release.countDown();
    }

    @Test
    void proxyIsAskedInsteadOfTheServer() {
        HttpTarget target =
                new HttpTarget(
                        HttpTarget.endpoint("http://server.invalid:80"),
                        new Proxy(
                                Proxy.Type.HTTP,
                                InetSocketAddress.createUnresolved(
                                        "localhost", server.getAddress().getPort())),
                        null,
                        null);
        assertThat(new HttpSender(target, System::nanoTime).send(ID, BODY))
                .isEqualTo(new SendResult.Accepted(""));
        assertThat(request.get()).startsWith("POST http://server.invalid");
    }

    @Test
    void addressesBecomeEndpoints() {
        assertThat(HttpTarget.endpoint("http://h:4040"))
                .hasToString("http://h:4040/v1development/profiles");
        assertThat(HttpTarget.endpoint("https://h/otlp/"))
                .hasToString("https://h/otlp/v1development/profiles");
        assertThat(HttpTarget.endpoint("http://h/v1development/profiles"))
                .hasToString("http://h/v1development/profiles");
        for (String wrong :
                new String[] {"h:4040", "ftp://h", "http://", "http://u:p@h", "\u0000"}) {
            assertThatThrownBy(() -> HttpTarget.endpoint(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected: http://HOST:PORT");
        }
    }

    private SendResult send() {
        return sender(null, 5_000).send(ID, BODY);
    }

    private HttpSender sender(Path tokenFile, int timeout) {
        return new HttpSender(
                target(server.getAddress().getPort(), tokenFile), System::nanoTime, timeout);
    }

    private static HttpTarget target(int port, Path tokenFile) {
        return new HttpTarget(
                HttpTarget.endpoint("http://127.0.0.1:" + port), Proxy.NO_PROXY, tokenFile, null);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        request.set(
                exchange.getRequestMethod()
                        + ' '
                        + exchange.getRequestURI()
                        + ' '
                        + exchange.getRequestHeaders().getFirst("Content-Type")
                        + ' '
                        + exchange.getRequestHeaders().getFirst("Content-Encoding")
                        + ' '
                        + exchange.getRequestHeaders().getFirst(BatchId.HEADER)
                        + ' '
                        + exchange.getRequestHeaders().getFirst("Authorization")
                        + ' '
                        + body);
        if (!retryAfter.isEmpty()) {
            exchange.getResponseHeaders().set("Retry-After", retryAfter);
        }
        exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
