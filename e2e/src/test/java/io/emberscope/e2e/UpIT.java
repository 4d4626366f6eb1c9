package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./emberscope up` as a person uses it: started, looked at, stopped with Ctrl-C.
class UpIT {
    private static final Map<String, String> AS_BUILT = Map.of("EMBERSCOPE_BUILD", "never");
    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration STOP = Duration.ofSeconds(90);

    @TempDir Path directory;
    private int port;
    private int metricsPort;

    @BeforeEach
    void prepare() throws IOException {
        Root.assume();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        port = RealStack.freePort();
        metricsPort = RealStack.freePort();
    }

    @Test
    void ctrlCStopsBothAndTheNextStartHasWhatTheFirstSaw() throws Exception {
        try (Child up = up("first.out")) {
            awaitReady(up);
            assertThat(get(port, "/").body()).contains("<title>Emberscope</title>");
            assertThat(get(metricsPort, "/ready").statusCode()).isEqualTo(200);
            List<ProcessHandle> children = up.descendants();
            assertThat(children).hasSizeGreaterThanOrEqualTo(2);
            up.signal("INT");
            assertThat(up.await(STOP)).as(up.out()).isZero();
            assertThat(up.out())
                    .contains("stopping")
                    .contains("stopped: samples hits=")
                    .contains("Stopped; everything that was acknowledged is on disk");
            assertThat(children).noneMatch(ProcessHandle::isAlive);
        }
        try (Child up = up("second.out")) {
            awaitReady(up);
            assertThat(get(port, "/api/v1/label-values?name=service_name").body())
                    .contains("\"java\"");
            up.signal("TERM");
            assertThat(up.await(STOP)).as(up.out()).isZero();
        }
    }

    @Test
    void killedItLeavesNoProcess() throws Exception {
        try (Child up = up("killed.out")) {
            awaitReady(up);
            List<ProcessHandle> children = up.descendants();
            up.kill();
            for (ProcessHandle child : children) {
                child.onExit().get(STOP.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }

    /// Root, as in most containers: without the rights that eBPF takes.
    @Test
    void withoutTheRightsForEbpfTheServerGoesOn() throws Exception {
        try (Child up =
                up(
                        "limited.out",
                        "setpriv",
                        "--inh-caps=-bpf,-perfmon,-sys_admin",
                        "--bounding-set=-bpf,-perfmon,-sys_admin")) {
            awaitReady(up);
            assertThat(get(port, "/ready").body()).isEqualTo("ready\n");
            assertThat(up.out())
                    .contains("the collector does not run here")
                    .contains("CAP_BPF")
                    .contains("./emberscope doctor");
            up.signal("INT");
            assertThat(up.await(STOP)).as(up.out()).isZero();
        }
    }

    private Child up(String output, String... wrapper) throws IOException {
        List<String> command = new ArrayList<>(List.of(wrapper));
        command.addAll(List.of("./emberscope", "up", "--listen", "127.0.0.1:" + port));
        command.addAll(List.of("--metrics-listen", "127.0.0.1:" + metricsPort));
        command.addAll(List.of("--data", directory.resolve("data").toString()));
        return Child.start(directory.resolve(output), AS_BUILT, command);
    }

    private void awaitReady(Child up) throws InterruptedException {
        String said = "ready: http://127.0.0.1:" + port + "/";
        up.await(said, START, () -> up.out().contains(said));
    }

    private static HttpResponse<String> get(int port, String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .timeout(START)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
