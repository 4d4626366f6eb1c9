package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Profiles;
import io.emberscope.profile.otlp.OtlpEncoder;
import io.emberscope.server.ledger.ServerProcess;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program as an operator meets it: what it prints, how it exits, what it leaves.
class ServerMainIT {
    @TempDir private Path directory;

    private record Ended(int exit, String out, String err) {}

    private Ended run(String... options) throws Exception {
        Process process = ServerProcess.launch(log(), List.of(), List.of(options));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exit = process.waitFor();
        return new Ended(exit, out, Files.readString(log()));
    }

    private Path log() {
        return directory.resolve("err");
    }

    private String data() {
        return directory.resolve("data").toString();
    }

    @Test
    void helpSaysWhatThereIs() throws Exception {
        Ended ended = run("--help");
        assertThat(ended.exit).isZero();
        assertThat(ended.out)
                .startsWith("usage: emberscope server --data DIR [options]")
                .contains("--listen", "--open", "--allow-host", "--retention DURATION")
                .contains("(default 14d)", "(default 45s)", "(default 20GiB)");
        assertThat(ended.err).isEmpty();
    }

    @Test
    void aWrongCommandLineIsSaidAndNothingIsStarted() throws Exception {
        Ended ended = run("--data", data(), "--port", "1");
        assertThat(ended.exit).isEqualTo(2);
        assertThat(ended.err)
                .isEqualTo(
                        """
                        emberscope server: --port: unknown option (expected: one of those that --help lists)
                        Run with --help for all options.
                        """);
        assertThat(Path.of(data())).doesNotExist();
    }

    @Test
    void beyondLoopbackIsRefusedWithoutOpen() throws Exception {
        for (String listen : List.of("0.0.0.0:0", "[::]:0")) {
            Ended ended = run("--data", data(), "--listen", listen);
            assertThat(ended.exit).isEqualTo(2);
            assertThat(ended.err)
                    .contains(
                            "--listen: "
                                    + listen
                                    + " is reachable from other machines (expected: a loopback"
                                    + " address such as 127.0.0.1:4040; or --open as well, if"
                                    + " everybody who reaches it may read and write profiles, for"
                                    + " there are no tokens yet)");
        }
    }

    @Test
    void aPortThatIsTakenIsSaid() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            String listen = "127.0.0.1:" + taken.getLocalPort();
            Ended ended = run("--data", data(), "--listen", listen);
            assertThat(ended.exit).isEqualTo(1);
            assertThat(ended.err)
                    .contains(
                            "emberscope server: --listen: " + listen + ": Address already in use");
            assertThat(ended.err).doesNotContain("\tat ");
        }
    }

    @Test
    void dataThatCannotBeMadeIsSaid() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        Ended ended = run("--data", file.resolve("data").toString(), "--listen", "127.0.0.1:0");
        assertThat(ended.exit).isEqualTo(1);
        assertThat(ended.err).contains("emberscope server: --data: ").doesNotContain("\tat ");
    }

    @Test
    void dataThatAnotherServerUsesIsSaid() throws Exception {
        try (ServerProcess first = start()) {
            Ended ended = run("--data", data(), "--listen", "127.0.0.1:0");
            assertThat(ended.exit).isEqualTo(1);
            assertThat(ended.err).contains("emberscope server: --data: ");
            assertThat(first.get("/ready")).isEqualTo("ready\n");
        }
    }

    @Test
    void whatWasAcknowledgedIsThereAfterEveryKindOfEnd() throws Exception {
        try (ServerProcess server = start()) {
            post(server);
            assertThat(server.terminate()).isEqualTo(143);
        }
        try (ServerProcess server = start()) {
            assertThat(total(server)).isEqualTo(1_000_000_000);
            post(server);
            server.kill();
        }
        try (ServerProcess server = start()) {
            assertThat(total(server)).isEqualTo(2_000_000_000);
        }
        assertThat(Files.readString(log()))
                .contains(" INFO ServerMain - Listening on http://127.0.0.1:")
                .contains(" INFO ServerMain - Stopped; everything that was acknowledged is on disk")
                .doesNotContain("ERROR");
    }

    @Test
    void anOpenServerAnswersToItsAddressesAndNamesOnly() throws Exception {
        try (ServerProcess server =
                ServerProcess.start(
                        log(),
                        List.of(),
                        List.of(
                                "--data",
                                data(),
                                "--listen=0.0.0.0:0",
                                "--open",
                                "--allow-host",
                                "profiles.example"))) {
            assertThat(Files.readString(log())).contains("WARN");
            int port = server.uri().getPort();
            for (String host :
                    List.of(
                            "127.0.0.1",
                            "localhost",
                            "192.0.2.7",
                            "[2001:db8::1]",
                            "profiles.example")) {
                assertThat(host(port, host)).as(host).startsWith("HTTP/1.1 200 ");
                assertThat(host(port, host + ":" + port)).as(host).startsWith("HTTP/1.1 200 ");
            }
            for (String host :
                    List.of("evil.example", "localhost.evil.example", "192.0.2.7.evil")) {
                assertThat(host(port, host)).as(host).startsWith("HTTP/1.1 421 ");
            }
        }
    }

    private static String host(int port, String host) throws IOException {
        return RawHttp.exchange(
                java.net.URI.create("http://127.0.0.1:" + port),
                RawHttp.head("GET /ready", "Host: " + host));
    }

    private ServerProcess start() throws IOException {
        return ServerProcess.start(
                log(),
                new ArrayList<>(List.of("-XX:TieredStopAtLevel=1")),
                List.of("--data", data(), "--listen", "127.0.0.1:0"));
    }

    private static void post(ServerProcess server) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection)
                        server.uri().resolve("/v1development/profiles").toURL().openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/x-protobuf");
        connection.getOutputStream().write(OtlpEncoder.encode(Profiles.cpu()));
        assertThat(connection.getResponseCode()).isEqualTo(200);
    }

    private static long total(ServerProcess server) throws IOException {
        String json = server.get("/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z");
        String name = "\"total\":";
        int from = json.indexOf(name) + name.length();
        return Long.parseLong(json.substring(from, json.indexOf(',', from)));
    }
}
