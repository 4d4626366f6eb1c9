package io.emberscope.collector.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.aggregate.CutStacks;
import io.emberscope.collector.unwind.Unwinding;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StackReportTest {
    private final Metrics metrics = new Metrics();
    private HttpServer server;
    private int status = 200;
    private String other = "";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/metrics",
                exchange -> {
                    String text = other.isEmpty() ? metrics.text() : other;
                    byte[] body = text.getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(status, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private String report() {
        return StackReport.of("127.0.0.1", server.getAddress().getPort())
                .replace(":" + server.getAddress().getPort(), ":4041");
    }

    private void ends(String end, long count) {
        metrics.counter(StackReport.USER_STACKS, "", "end", end).add(count);
    }

    private void cut(String binary, String end, long count) {
        metrics.counter(CutStacks.NAME, "", "binary", binary, "end", end).add(count);
    }

    @Test
    void shareWorstBinariesAndReasonsAreTold() {
        ends("complete", 98_800);
        ends("no_stack", 5_000);
        ends("by_kernel", 70);
        ends("no_rule", 1_170);
        ends("truncated", 30);
        cut("/usr/lib/lib\"odd\\,one\n.so", "no_rule", 1_160);
        cut("/usr/lib/lib\"odd\\,one\n.so", "truncated", 20);
        cut("/bin/app", "no_rule", 10);
        cut("/bin/app", "truncated", 10);
        assertThat(report())
                .isEqualTo(
                        """
                        Of 100,000 user stacks that the collector at 127.0.0.1:4041 has walked
                        since it started, 98.8 % are complete to their root.
                        70 more were walked by the kernel, by frame pointers: whether those are
                        complete is not known.
                             1.2 %  /usr/lib/lib"odd\\,one?.so: no unwind rule, too deep
                           < 0.1 %  /bin/app: no unwind rule, too deep
                          no unwind rule: No unwind table covers this code, and it keeps no frame
                                          pointer. Build the binary with -fasynchronous-unwind-tables
                                          or -fno-omit-frame-pointer, and do not strip .eh_frame. Some
                                          C libraries, such as musl's, come without. Java, whose code
                                          is [anon], may need -XX:+PreserveFramePointer. A table that
                                          is there but could not be read needs no new build:
                                          emberscope_collector_unwind_tables_failed_total counts those
                                          files, and the collector's log names them.
                          too deep: There are more frames than are kept: 1,024 in user space, 127 in
                                    the kernel. Usually deep recursion. The innermost frames are
                                    there; nothing can be set.
                        """);
    }

    @Test
    void aMemoryBudgetThatIsReachedIsTold() {
        ends("complete", 100);
        metrics.gauge(Unwinding.QUALITY, "", () -> 0, "step", "whole");
        metrics.gauge(Unwinding.QUALITY, "", () -> 1, "step", "frame_pointers");
        assertThat(report().replace('\n', ' '))
                .contains("memory budget is reached now: not all unwind tables fit");
        metrics.gauge(Unwinding.QUALITY, "", () -> 0, "step", "frame_pointers");
        metrics.gauge(Unwinding.QUALITY, "", () -> 1, "step", "leaf_only");
        assertThat(report().replace('\n', ' '))
                .contains("innermost frame only. Raise its --memory.");
        metrics.gauge(Unwinding.QUALITY, "", () -> 1, "step", "whole");
        metrics.gauge(Unwinding.QUALITY, "", () -> 0, "step", "leaf_only");
        assertThat(report()).doesNotContain("memory");
    }

    @Test
    void aShareIsNeverAllWhenItIsNot() {
        ends("complete", 1_000_000);
        ends("of_another_version", 1);
        cut("/bin/app", "of_another_version", 1);
        assertThat(report()).contains("> 99.9 % are complete", "< 0.1 %  /bin/app: of_another");
    }

    @Test
    void onlyTheWorstBinariesAreNamed() {
        ends("complete", 1);
        for (int i = 0; i < StackReport.BINARIES_SHOWN + 3; i++) {
            ends("no_rule", 1 + i);
            cut("/bin/app-" + i, "no_rule", 1 + i);
        }
        assertThat(report())
                .contains("/bin/app-12: no unwind rule\n", "/bin/app-3: ", "            3 more bin")
                .doesNotContain("/bin/app-2:", "/bin/app-0:");
    }

    @Test
    void aCollectorWithoutStacksSaysSo() {
        ends("complete", 0);
        ends("no_stack", 7);
        assertThat(report())
                .isEqualTo("The collector at 127.0.0.1:4041 has walked no stacks yet.\n");
    }

    @Test
    void whereNoneRunsALineSaysSo() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        assertThat(StackReport.of("127.0.0.1", port))
                .startsWith(
                        "No collector answers at 127.0.0.1:" + port + ", so nothing is known of")
                .containsOnlyOnce("\n");
    }

    @Test
    void aRefusalIsNoAnswer() {
        status = 503;
        assertThat(report()).contains("No collector answers", "status 503").containsOnlyOnce("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hello",
                "up 1",
                "emberscope_collector_user_stacks_total{end=\"complete\"",
                "emberscope_collector_user_stacks_total{end=\"complete\"} many",
                "emberscope_collector_user_stacks_total{end} 1",
                "emberscope_collector_user_stacks_total{end=\"complete\";} 1",
                "emberscope_collector_user_stacks_total{end=\"\\"
            })
    void whatIsNoCollectorIsNotTakenForOne(String text) {
        other = text;
        assertThat(report())
                .isEqualTo(
                        "What answers at 127.0.0.1:4041 is no collector that counts its stacks.\n");
    }
}
