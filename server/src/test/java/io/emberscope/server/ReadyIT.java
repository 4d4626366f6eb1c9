package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.profile.Profiles;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// A server whose disk does not take writes says so, keeps answering, and never acknowledges what
/// it could not keep.
class ReadyIT {
    private static final Path DATA = Path.of("/data");
    private static final String TOP =
            "/api/v1/top?limit=1&from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";
    private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

    private final FaultyDisk disk = new FaultyDisk(1);

    @Test
    void aFailedForceStopsWritesUntilRestart() throws Exception {
        try (RunningServer server = RunningServer.start(disk, DATA)) {
            assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
            assertThat(server.get("/ready").statusCode()).isEqualTo(200);
            disk.failForce(1);
            assertUnavailable(server, " failed: ");
            // It stays so: what the failed force left behind cannot be told from what is durable.
            assertUnavailable(server, "(expected: a restart)");
            assertThat(server.text(TOP)).contains("\"total\":1000000000,");
            assertThat(server.metric("emberscope_server_accepted_batches_total")).isEqualTo(1);
        }
        try (RunningServer server = RunningServer.start(disk, DATA)) {
            assertThat(server.get("/ready").statusCode()).isEqualTo(200);
            assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aFullDiskStopsWritesUntilThereIsRoom() throws Exception {
        try (RunningServer server = RunningServer.start(disk, DATA)) {
            assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
            disk.fillAt(1);
            assertUnavailable(server, "");
            assertThat(server.text(TOP)).contains("\"total\":1000000000,");
            disk.makeRoom();
            long start = System.nanoTime();
            while (server.get("/ready").statusCode() != 200) {
                assertThat(System.nanoTime() - start).isLessThan(PATIENCE_NANOS);
                Thread.sleep(100);
            }
            assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
            assertThat(server.text(TOP)).contains("\"total\":2000000000,");
        }
    }

    private static void assertUnavailable(RunningServer server, String why) throws Exception {
        HttpResponse<byte[]> answer = server.post(Profiles.cpu(), "accept", "*/*");
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("retry-after").map(Integer::parseInt).orElseThrow())
                .isPositive();
        assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                .startsWith("{\"error\":{\"code\":\"unavailable\",\"message\":\"")
                .contains(why);
        HttpResponse<byte[]> ready = server.get("/ready");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(new String(ready.body(), StandardCharsets.UTF_8))
                .startsWith("{\"error\":{\"code\":\"unavailable\",\"message\":\"storage: ")
                .contains(why);
        assertThat(server.text("/api/v1/status")).contains("\"ready\":false,\"reason\":\"");
    }
}
