package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.otlp.OtlpEncoder;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What the OTLP route takes, and the exact words with which it refuses everything else.
class IngestIT {
    private static final String PROTOBUF = "application/x-protobuf";

    /// What [RunningServer#SMALL_HEAP] allows.
    private static final int BODY_MAX = 4 << 20;

    @TempDir private Path data;
    private RunningServer server;

    @BeforeEach
    void start() throws IOException {
        server = RunningServer.start(data);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    static Stream<Arguments> encodings() throws IOException {
        byte[] plain = OtlpEncoder.encode(Profiles.cpu());
        return Stream.of(
                Arguments.of("identity", plain),
                Arguments.of("gzip", Bodies.gzip(plain)),
                Arguments.of("zstd", Bodies.zstd(plain)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("encodings")
    void whatIsSentIsWhatIsStored(String encoding, byte[] body) throws Exception {
        HttpResponse<byte[]> answer =
                server.post(body, "content-type", PROTOBUF, "content-encoding", encoding);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).contains(PROTOBUF);
        assertThat(answer.body()).as("an ExportProfilesServiceResponse without words").isEmpty();
        assertThat(server.text("/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z"))
                .isEqualTo(
                        "{\"unit\":\"nanoseconds\",\"total\":1000000000,\"functionCount\":4,"
                                + "\"functions\":["
                                + row("work", "/usr/bin/web", "native", 600_000_000, 600_000_000)
                                + ","
                                + row("rest", "/usr/bin/web", "native", 300_000_000, 300_000_000)
                                + ","
                                + row(
                                        "do_syscall_64",
                                        "[kernel]",
                                        "kernel",
                                        100_000_000,
                                        100_000_000)
                                + ","
                                + row("main", "/usr/bin/web", "native", 0, 1_000_000_000)
                                + "]}");
        assertThat(server.metric("emberscope_server_accepted_batches_total")).isEqualTo(1);
        assertThat(server.metric("emberscope_server_stored_samples_total")).isEqualTo(3);
        assertThat(server.metric("emberscope_server_stored_values_total{unit=\"nanoseconds\"}"))
                .isEqualTo(1_000_000_000);
    }

    private static String row(String name, String binary, String kind, long self, long total) {
        return "{\"name\":\""
                + name
                + "\",\"binary\":\""
                + binary
                + "\",\"kind\":\""
                + kind
                + "\",\"self\":"
                + self
                + ",\"total\":"
                + total
                + "}";
    }

    static Stream<Arguments> badRequests() throws IOException {
        byte[] good = OtlpEncoder.encode(Profiles.cpu());
        byte[] gzip = Bodies.gzip(good);
        byte[] damaged = gzip.clone();
        damaged[damaged.length - 6] ^= 1;
        byte[] followed = Arrays.copyOf(gzip, gzip.length + 4);
        String tooLong =
                "body: too long once decompressed (expected: at most " + BODY_MAX + " bytes)";
        return Stream.of(
                bad("empty", 400, "body: empty (expected: an ExportProfilesServiceRequest)", ""),
                bad(
                        "empty gzip",
                        400,
                        "body: gzip header: 2 bytes (expected: at most 1 left)",
                        "gzip",
                        new byte[] {0x1f}),
                bad(
                        "truncated gzip",
                        400,
                        "body: gzip is cut off (expected: whole)",
                        "gzip",
                        Arrays.copyOf(gzip, gzip.length / 2)),
                bad(
                        "gzip without its end",
                        400,
                        "body: gzip checksum: 4 bytes (expected: at most 3 left)",
                        "gzip",
                        Arrays.copyOf(gzip, gzip.length - 5)),
                bad(
                        "damaged gzip",
                        400,
                        "body: gzip checksum differs (expected: undamaged)",
                        "gzip",
                        damaged),
                bad(
                        "gzip with something behind",
                        400,
                        "body: not gzip (expected: it begins with 1f 8b)",
                        "gzip",
                        followed),
                bad(
                        "plain called gzip",
                        400,
                        "body: not gzip (expected: it begins with 1f 8b)",
                        "gzip",
                        good),
                bad(
                        "truncated zstd",
                        400,
                        "body: damaged zstd: Truncated source (expected: whole and undamaged)",
                        "zstd",
                        Arrays.copyOf(Bodies.zstd(good), 40)),
                bad(
                        "plain called zstd",
                        400,
                        "body: damaged zstd: Unknown frame descriptor (expected: whole and"
                                + " undamaged)",
                        "zstd",
                        good),
                bad(
                        "zstd window bomb",
                        400,
                        "body: damaged zstd: Frame requires too much memory for decoding"
                                + " (expected: whole and undamaged)",
                        "zstd",
                        Bodies.zstdWindowBomb()),
                bad("gzip bomb", 413, tooLong, "gzip", Bodies.gzipBomb(200)),
                bad("zstd bomb", 413, tooLong, "zstd", Bodies.zstdBomb(1000)),
                bad(
                        "declared zstd bomb",
                        413,
                        tooLong,
                        "zstd",
                        Bodies.zstd(new byte[BODY_MAX + 1])),
                bad("nested gzip bomb", 400, null, "gzip", Bodies.gzip(Bodies.gzipBomb(200))),
                bad(
                        "gzip twice",
                        415,
                        "content-encoding: gzip, gzip (expected: gzip, zstd or identity, once)",
                        "gzip, gzip",
                        Bodies.gzip(gzip)),
                bad(
                        "unknown encoding",
                        415,
                        "content-encoding: br (expected: gzip, zstd or identity, once)",
                        "br",
                        good),
                bad(
                        "too long",
                        413,
                        "body: too long (expected: at most " + BODY_MAX + " bytes)",
                        "",
                        new byte[BODY_MAX + 1]),
                bad("truncated", 400, null, "", Arrays.copyOf(good, good.length - 3)),
                bad(
                        "garbage",
                        400,
                        null,
                        "",
                        "<html>not a profile</html>".getBytes(StandardCharsets.UTF_8)));
    }

    private static Arguments bad(String name, int status, String message, String encoding) {
        return bad(name, status, message, encoding, new byte[0]);
    }

    private static Arguments bad(
            String name, int status, String message, String encoding, byte[] body) {
        return Arguments.of(name, status, message, encoding, body);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badRequests")
    void aBadBodyIsRefusedAndNothingIsStored(
            String name, int status, String message, String encoding, byte[] body)
            throws Exception {
        HttpResponse<byte[]> answer =
                server.post(
                        body,
                        "content-type",
                        PROTOBUF,
                        "accept",
                        "application/json",
                        "content-encoding",
                        encoding.isEmpty() ? "identity" : encoding);
        String text = new String(answer.body(), StandardCharsets.UTF_8);
        assertThat(answer.statusCode()).as(text).isEqualTo(status);
        if (message == null) {
            // The decoder's own words, which its tests pin.
            assertThat(text)
                    .matches("\\{\"error\":\\{\"code\":\"invalid_argument\",\"message\":.*");
            assertThat(text).contains(": ").contains("(expected: ");
        } else {
            assertThat(text).contains("\"message\":\"" + message + "\"");
        }
        assertNothingStored();
        assertThat(server.metric("emberscope_server_ingest_bytes")).isZero();
    }

    @Test
    void anotherContentTypeIsRefused() throws Exception {
        byte[] body = OtlpEncoder.encode(Profiles.cpu());
        for (String type :
                new String[] {
                    "application/json",
                    "text/plain",
                    "application/protobuf",
                    "x",
                    "multipart/form-data"
                }) {
            HttpResponse<byte[]> answer = server.post(body, "content-type", type, "accept", "*/*");
            assertThat(answer.statusCode()).isEqualTo(415);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                    .isEqualTo(
                            "{\"error\":{\"code\":\"unsupported_media\",\"message\":\"content-type: "
                                    + type
                                    + " (expected: application/x-protobuf)\"}}");
        }
        HttpResponse<byte[]> without = server.post(body, "accept", "*/*");
        assertThat(without.statusCode()).isEqualTo(415);
        assertThat(new String(without.body(), StandardCharsets.UTF_8))
                .contains("content-type: missing (expected: application/x-protobuf)");
        assertNothingStored();
    }

    @Test
    void anExporterGetsTheErrorOtlpPrescribes() throws Exception {
        String answer =
                RawHttp.exchange(
                        server.uri(),
                        RawHttp.head(
                                "POST /v1development/profiles",
                                "Host: localhost",
                                "Content-Type: application/x-protobuf",
                                "Content-Length: 0"));
        assertThat(answer)
                .startsWith("HTTP/1.1 400 ")
                .contains("content-type: application/x-protobuf");
        String message = "body: empty (expected: an ExportProfilesServiceRequest)";
        assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4))
                .as("a google.rpc.Status: code 3, message")
                .isEqualTo("\u0008\u0003\u0012" + (char) message.length() + message);
    }

    @Test
    void aBatchThatIsSentAgainIsStoredOnce() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(server.post(Profiles.cpu(), "emberscope-batch-id", "a/1/1").statusCode())
                    .isEqualTo(200);
        }
        assertThat(server.metric("emberscope_server_accepted_batches_total")).isEqualTo(1);
        assertThat(server.metric("emberscope_server_duplicate_batches_total")).isEqualTo(2);
        assertThat(server.text("/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z"))
                .contains("\"total\":1000000000,");
    }

    @Test
    void aBadBatchIdIsRefused() throws Exception {
        for (String id : new String[] {"a", "a/1", "a/1/x", "../../etc/passwd/1/1", "a/-1/1"}) {
            HttpResponse<byte[]> answer =
                    server.post(Profiles.cpu(), "emberscope-batch-id", id, "accept", "*/*");
            assertThat(answer.statusCode()).as(id).isEqualTo(400);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                    .contains("\"message\":\"emberscope-batch-id: malformed (expected: ");
        }
        assertNothingStored();
    }

    @Test
    void manySendersAtOnceLoseNothing() throws Exception {
        int senders = 16;
        int each = 25;
        ProfileBatch batch = Profiles.cpu();
        try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new java.util.ArrayList<java.util.concurrent.Future<?>>();
            for (int i = 0; i < senders; i++) {
                String agent = "agent-" + i;
                done.add(
                        threads.submit(
                                () -> {
                                    for (int n = 1; n <= each; n++) {
                                        assertThat(sendUntilTaken(batch, agent + "/1/" + n))
                                                .isEqualTo(200);
                                    }
                                    return null;
                                }));
            }
            for (var future : done) {
                future.get();
            }
        }
        assertThat(server.text("/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z"))
                .contains("\"total\":" + 1_000_000_000L * senders * each + ",");
        assertThat(server.metric("emberscope_server_accepted_batches_total"))
                .isEqualTo(senders * each);
    }

    private int sendUntilTaken(ProfileBatch batch, String id) throws Exception {
        while (true) {
            HttpResponse<byte[]> answer = server.post(batch, "emberscope-batch-id", id);
            if (answer.statusCode() != 429) {
                return answer.statusCode();
            }
            assertThat(answer.headers().firstValue("retry-after")).isPresent();
        }
    }

    private void assertNothingStored() throws Exception {
        assertThat(server.metric("emberscope_server_accepted_batches_total")).isZero();
        assertThat(server.text("/api/v1/profile-types?from=0&to=now"))
                .isEqualTo("{\"profileTypes\":[]}");
    }
}
