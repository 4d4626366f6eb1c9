package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MetricsServerTest {
    private String notReady = "";
    private MetricsServer server;

    @BeforeEach
    void start() throws IOException {
        server = new MetricsServer(new HostPort("127.0.0.1", 0), () -> "hits 7\n", () -> notReady);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void metricsAreText() throws IOException {
        String answer = ask("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nhits 7\n");
        assertThat(answer).contains("text/plain; version=0.0.4").contains("Content-Length: 7\r\n");
    }

    @Test
    void readinessHasAReason() throws IOException {
        assertThat(ask("GET /ready HTTP/1.0\nHost: localhost\n\n")).startsWith("HTTP/1.1 200");
        notReady = "not yet";
        assertThat(ask("GET /ready HTTP/1.1\r\nHost: [::1]:4041\r\n\r\n"))
                .startsWith("HTTP/1.1 503")
                .endsWith("not yet\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "[::2]", ""})
    void nameOfSomebodyElseIsMisdirected(String host) throws IOException {
        assertThat(ask("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
                .startsWith("HTTP/1.1 421");
    }

    @Test
    void otherRequestsAreRefused() throws IOException {
        assertThat(ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 405");
        assertThat(ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 404");
        assertThat(ask("\r\n\r\n")).startsWith("HTTP/1.1 405");
        assertThat(ask("GET /metrics HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 421");
    }

    @Test
    void endlessAndSilentClientsDoNotKeepOthersOut() throws IOException {
        try (Socket silent = connect()) {
            try (Socket endless = connect()) {
                endless.getOutputStream().write("x".repeat(9000).getBytes(StandardCharsets.UTF_8));
                assertThat(ask("GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                        .startsWith("HTTP/1.1 200");
            }
            assertThat(silent.isConnected()).isTrue();
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private String ask(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
