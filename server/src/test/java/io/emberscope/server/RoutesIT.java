package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.server.Route;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every route that is live, and what it answers to whoever may ask and to whoever may not. A route
/// that is missing in the table fails, so none can be added without deciding these.
class RoutesIT {
    /// @param request a path and query that the route answers well
    /// @param status what a plain GET of it gets
    /// @param type content type of that
    private record Row(String request, int status, String type) {}

    private static final String JSON = "application/json; charset=utf-8";
    private static final String TEXT = "text/plain; charset=utf-8";

    /// Whether the build made the page; it does unless it was told not to.
    private static final boolean PAGE =
            RoutesIT.class.getClassLoader().getResource("web/index.html") != null;

    private static final Map<String, Row> TABLE =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry(
                                    "[POST] /v1development/profiles",
                                    new Row("/v1development/profiles", 405, JSON)),
                            get("/api/v1/profile-types", "", JSON),
                            get("/api/v1/label-names", "", JSON),
                            get("/api/v1/label-values", "?name=node", JSON),
                            get(
                                    "/api/v1/flamegraph",
                                    "?maxNodes=5&groupBy=service_name",
                                    "application/vnd.emberscope.flamegraph"),
                            get("/api/v1/top", "?limit=5", JSON),
                            get("/api/v1/lines", "?function=main&limit=5", JSON),
                            get("/api/v1/stack-quality", "?limit=5", JSON),
                            get("/api/v1/timeseries", "?step=30s", JSON),
                            get("/api/v1/pprof", "", "application/octet-stream"),
                            get("/api/v1/debuginfo", "", JSON),
                            Map.entry(
                                    "[POST] /api/v1/debuginfo",
                                    new Row("/api/v1/debuginfo", 200, JSON)),
                            get("/api/v1/status", "", JSON),
                            catalog("/iceberg/v1/config", "/iceberg/v1/config", 200, JSON),
                            catalog("/iceberg/v1/namespaces", "/iceberg/v1/namespaces", 200, JSON),
                            catalog(
                                    "/iceberg/v1/namespaces/:namespace",
                                    "/iceberg/v1/namespaces/default",
                                    200,
                                    JSON),
                            catalog(
                                    "/iceberg/v1/namespaces/:namespace/tables",
                                    "/iceberg/v1/namespaces/default/tables",
                                    200,
                                    JSON),
                            catalog(
                                    "/iceberg/v1/namespaces/:namespace/tables/:table",
                                    "/iceberg/v1/namespaces/default/tables/samples",
                                    200,
                                    JSON),
                            catalog(
                                    "/emberscope-tables/:tenant/:*name",
                                    "/emberscope-tables/default/samples/none.parquet",
                                    403,
                                    "text/xml; charset=utf-8"),
                            get("/ready", "", TEXT),
                            get("/metrics", "", "text/plain; version=0.0.4; charset=utf-8"),
                            Map.entry(
                                    "[GET] /",
                                    PAGE
                                            ? new Row("/", 200, "text/html; charset=utf-8")
                                            : new Row("/", 404, TEXT)),
                            Map.entry(
                                    "[GET] /favicon.svg",
                                    PAGE
                                            ? new Row(
                                                    "/favicon.svg",
                                                    200,
                                                    "image/svg+xml; charset=utf-8")
                                            : new Row("/favicon.svg", 404, JSON)),
                            Map.entry(
                                    "[GET] /assets/:name", new Row("/assets/none.js", 404, JSON))));

    @TempDir private static Path data;
    private static RunningServer server;

    @BeforeAll
    static void start() throws IOException {
        server = RunningServer.start(data);
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static Map.Entry<String, Row> get(String path, String query, String type) {
        return Map.entry("[GET] " + path, new Row(path + query, 200, type));
    }

    private static Map.Entry<String, Row> catalog(
            String path, String request, int status, String type) {
        return Map.entry("[GET, HEAD] " + path, new Row(request, status, type));
    }

    @Test
    void theTableHoldsEveryLiveRoute() {
        List<String> live =
                server.server().http().config().serviceConfigs().stream()
                        .map(config -> name(config.route()))
                        .toList();
        assertThat(live).containsExactlyInAnyOrderElementsOf(TABLE.keySet());
    }

    private static String name(Route route) {
        return route.methods() + " " + route.patternString();
    }

    @TestFactory
    Stream<DynamicTest> whoMayAskIsAnswered() {
        return each(
                row -> {
                    HttpResponse<byte[]> answer = server.get(row.request);
                    assertThat(answer.statusCode()).isEqualTo(row.status);
                    assertThat(answer.headers().firstValue("content-type")).contains(row.type);
                    assertThat(answer.headers().map())
                            .containsEntry("x-content-type-options", List.of("nosniff"))
                            .containsEntry("referrer-policy", List.of("no-referrer"))
                            .doesNotContainKey("server");
                    assertThat(answer.headers().firstValue("content-security-policy").orElseThrow())
                            .startsWith("default-src 'self';")
                            .doesNotContain("unsafe");
                });
    }

    @TestFactory
    Stream<DynamicTest> aStrangersHostIsRefused() {
        return each(
                row ->
                        assertThat(raw("GET", row.request, "evil.example"))
                                .startsWith("HTTP/1.1 421 ")
                                .contains(
                                        "{\"error\":{\"code\":\"misdirected\",\"message\":\"host:"
                                                + " not a name of this server (expected: localhost,"
                                                + " a loopback address or a name given with"
                                                + " --allow-host)\"}}"));
    }

    @TestFactory
    Stream<DynamicTest> otherMethodsAreRefused() {
        return each(
                row -> {
                    for (String method : List.of("PUT", "DELETE", "PATCH", "TRACE")) {
                        assertThat(raw(method, row.request, "localhost"))
                                .startsWith("HTTP/1.1 405 ")
                                .contains("{\"error\":{\"code\":\"method_not_allowed\"");
                    }
                });
    }

    @TestFactory
    Stream<DynamicTest> aStrangersPageMayNotAskFromABrowser() {
        return each(
                row -> {
                    String preflight =
                            RawHttp.exchange(
                                    server.uri(),
                                    RawHttp.head(
                                            "OPTIONS " + row.request,
                                            "Host: localhost",
                                            "Origin: http://evil.example",
                                            "Access-Control-Request-Method: POST"));
                    assertThat(preflight).startsWith("HTTP/1.1 403 ");
                    assertThat(preflight).doesNotContainIgnoringCase("access-control-allow");
                });
    }

    @Test
    void anUnknownPathIsNotFound() throws Exception {
        for (String path : List.of("/nothing", "/api/v1/top/", "/api/v2/top", "/assets/x/y.js")) {
            HttpResponse<byte[]> answer = server.get(path);
            assertThat(answer.statusCode()).as(path).isEqualTo(404);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                    .startsWith("{\"error\":{\"code\":\"not_found\",\"message\":\"path: ");
        }
    }

    @Test
    void aPathThatClimbsIsRefused() throws Exception {
        for (String path :
                List.of(
                        "/assets/../../etc/passwd",
                        "/assets/..%2f..%2fetc%2fpasswd",
                        "/assets/%2e%2e/%2e%2e/etc/passwd",
                        "/assets/%252e%252e%252fetc%252fpasswd",
                        "/assets/..\\..\\etc\\passwd",
                        "/assets/a%00.js",
                        "//etc/passwd",
                        "http://evil.example/")) {
            assertThat(raw("GET", path, "localhost"))
                    .as(path)
                    .matches("(?s)HTTP/1.1 (400|404|421) .*\\{\"error\":.*")
                    .doesNotContain("root:");
        }
    }

    private interface Check {
        void of(Row row) throws Exception;
    }

    private static Stream<DynamicTest> each(Check check) {
        return TABLE.entrySet().stream()
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getKey(), () -> check.of(entry.getValue())));
    }

    private static String raw(String method, String request, String host) throws IOException {
        return RawHttp.exchange(
                server.uri(), RawHttp.head(method + " " + request, "Host: " + host));
    }
}
