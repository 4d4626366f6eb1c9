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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest
    @CsvSource({
        "--memory, abc",
        "--memory, 10MiB",
        "--frequency, 0",
        "--unwind, guess",
        "--off-cpu-by, guess"
    })
    void optionsThatTheCollectorRefusesEndIt(String option, String value) throws Exception {
        try (Child up = up("refused.out", List.of(), option, value)) {
            assertThat(up.await(START)).as(up.out()).isEqualTo(2);
            assertThat(up.out())
                    .contains("collector | collector: " + option + ": ")
                    .contains("the collector refused its options")
                    .contains("Stopped; everything that was acknowledged is on disk")
                    .doesNotContain("ready: ");
            assertThat(up.descendants()).isEmpty();
        }
    }

    @Test
    void aCollectorThatDiesIsStartedAgainByTheCommandThatIsShown() throws Exception {
        Path sampling = directory.resolve("what to sample.conf");
        Files.writeString(sampling, "rate others 19\n");
        try (Child up =
                up("died.out", List.of(), "--sampling", sampling.toString(), "--frequency=49")) {
            awaitReady(up);
            collectorOf(up).destroyForcibly();
            String said = "To start it again: ";
            up.await(said, STOP, () -> up.out().contains(said));
            assertThat(up.out())
                    .contains("the collector ended with status 137")
                    .contains(
                            "%s./emberscope collect --data %s --server http://127.0.0.1:%d"
                                            .formatted(said, directory.resolve("data"), port)
                                    + " --metrics-listen 127.0.0.1:%d".formatted(metricsPort)
                                    + " --sampling %s --frequency 49\n"
                                            .formatted(sampling.toString().replace(" ", "\\ ")))
                    .doesNotContain("Killed");
            String shown = up.out().substring(up.out().indexOf(said) + said.length());
            Path output = directory.resolve("again.out");
            String again = "exec " + shown.substring(0, shown.indexOf('\n'));
            try (Child collector = Child.start(output, AS_BUILT, List.of("bash", "-c", again))) {
                collector.await("ready", START, this::collectorIsReady);
            }
        }
    }

    private boolean collectorIsReady() {
        try {
            return get(metricsPort, "/ready").statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static ProcessHandle collectorOf(Child up) {
        return up.descendants().stream()
                .filter(UpIT::isCollector)
                .findFirst()
                .orElseThrow(() -> new AssertionError(up.out()));
    }

    private static boolean isCollector(ProcessHandle process) {
        String[] arguments = process.info().arguments().orElse(new String[0]);
        return List.of(arguments).contains("io.emberscope.collector.CollectorMain");
    }

    private Child up(String output, String... wrapper) throws IOException {
        return up(output, List.of(wrapper));
    }

    private Child up(String output, List<String> wrapper, String... options) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of("./emberscope", "up", "--listen", "127.0.0.1:" + port));
        command.addAll(List.of("--metrics-listen", "127.0.0.1:" + metricsPort));
        command.addAll(List.of("--data", directory.resolve("data").toString()));
        command.addAll(List.of(options));
        return Child.start(directory.resolve(output), AS_BUILT, command);
    }

    private void awaitReady(Child up) throws InterruptedException {
        String said = "ready: http://127.0.0.1:" + port + "/";
        up.await(said, START, () -> up.out().contains(said));
    }

    private static HttpResponse<String> get(int port, String path)
            throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .timeout(START)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
