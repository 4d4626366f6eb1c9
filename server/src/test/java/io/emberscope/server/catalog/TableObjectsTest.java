package io.emberscope.server.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.server.Server;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.TenantId;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.iceberg.IcebergTables;
import io.emberscope.storage.iceberg.IcebergTables.StoredObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableObjectsTest {
    private static final S3Credentials CREDENTIALS =
            new S3Credentials("known", "secret", "session");
    private static final Instant NOW = Instant.parse("2026-11-02T03:04:05Z");

    @TempDir private Path directory;
    private final ByteBudget budget = new ByteBudget("tables under way", 1 << 20);
    private ProfileStore store;
    private SharedTables tables;
    private Server server;
    private String name;
    private byte[] whole;

    @BeforeEach
    void start() throws Exception {
        try (ProfileStore first = SharedTablesTest.open(directory)) {
            first.append(TenantId.DEFAULT, null, Profiles.cpu()).get();
        }
        store = SharedTablesTest.open(directory);
        tables = new SharedTables(store, () -> NOW);
        IcebergTables now = tables.now(TenantId.DEFAULT, TableObjects.place(TenantId.DEFAULT));
        name = "samples/metadata/" + now.snapshotId() + "-manifest.avro";
        StoredObject object = Objects.requireNonNull(now.object(name));
        whole = object.read(0, Math.toIntExact(object.bytes()));
        TableObjects objects = new TableObjects(tables, CREDENTIALS, () -> NOW, budget);
        server =
                Server.builder()
                        .http(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .service(TableObjects.PATH, objects.service())
                        .build();
        server.start().join();
    }

    @AfterEach
    void stop() throws IOException {
        server.stop().join();
        tables.close();
        store.close();
    }

    @Test
    void anObjectIsReadWholeAndInPieces() throws Exception {
        HttpResponse<byte[]> all = get(name);
        assertThat(all.statusCode()).isEqualTo(200);
        assertThat(all.body()).isEqualTo(whole);
        assertPiece("bytes=0-9", 0, 10);
        assertPiece("bytes=5-", 5, whole.length);
        assertPiece("bytes=-8", whole.length - 8, whole.length);
        assertPiece("bytes=3-999999999", 3, whole.length);
        assertThat(get(name, "range", "bytes=" + whole.length + "-").statusCode()).isEqualTo(416);
        assertThat(get(name, "range", "bytes=9-3").statusCode()).isEqualTo(416);
        assertThat(get(name, "range", "bytes=-").statusCode()).isEqualTo(400);
        assertThat(get(name, "range", "lines=1-2").statusCode()).isEqualTo(400);
    }

    @Test
    void whatIsNotInATableIsNotThere() throws Exception {
        assertThat(get("samples/none.parquet").statusCode()).isEqualTo(404);
        assertThat(get("samples/data/..%2f..%2flock").statusCode()).isNotEqualTo(200);
        assertThat(get("lock").statusCode()).isEqualTo(404);
    }

    @Test
    void whenTooMuchIsUnderWayReadersAreAskedToSlowDown() throws Exception {
        try (ByteBudget.Reservation others = budget.open()) {
            others.add(1 << 20);
            HttpResponse<byte[]> refused = get(name);
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(new String(refused.body(), StandardCharsets.UTF_8))
                    .contains("<Code>SlowDown</Code>");
        }
        assertThat(get(name).statusCode()).isEqualTo(200);
    }

    private void assertPiece(String range, int from, int to) throws Exception {
        HttpResponse<byte[]> piece = get(name, "range", range);
        assertThat(piece.statusCode()).as(range).isEqualTo(206);
        assertThat(piece.body()).as(range).isEqualTo(Arrays.copyOfRange(whole, from, to));
        assertThat(piece.headers().firstValue("content-range"))
                .contains("bytes " + from + '-' + (to - 1) + '/' + whole.length);
    }

    private HttpResponse<byte[]> get(String object, String... headers) throws Exception {
        String path = "/" + TableObjects.BUCKET + "/default/" + object;
        String authority = "127.0.0.1:" + server.activeLocalPort();
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + authority + path))
                        .header("x-amz-date", "20261102T030405Z")
                        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
                        .header("authorization", authorization(authority, path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    private static String authorization(String authority, String path) throws Exception {
        String canonical =
                "GET\n"
                        + path
                        + "\n\nhost:"
                        + authority
                        + "\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20261102T030405Z\n\n"
                        + "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";
        String hash =
                HexFormat.of()
                        .formatHex(
                                MessageDigest.getInstance("SHA-256")
                                        .digest(canonical.getBytes(StandardCharsets.UTF_8)));
        String scope = "20261102/us-east-1/s3/aws4_request";
        byte[] key = "AWS4secret".getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/", -1)) {
            key = hmac(key, part);
        }
        byte[] signature = hmac(key, "AWS4-HMAC-SHA256\n20261102T030405Z\n" + scope + '\n' + hash);
        return "AWS4-HMAC-SHA256 Credential=known/"
                + scope
                + ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
                + HexFormat.of().formatHex(signature);
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }
}
