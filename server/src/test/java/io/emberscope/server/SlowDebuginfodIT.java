package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Await;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.server.edge.Limits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A debuginfod server whose files stop coming, or come slowly: it is given up, or waited for, and
/// others are asked meanwhile.
class SlowDebuginfodIT {
    private static final String TOP =
            "/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";
    private static final String FETCHED = "emberscope_server_symbols_fetched_total";
    private static final String PATH = "/api/v1/debuginfo";
    private static final List<String> STALLED = List.of("aa00000000000001", "aa00000000000002");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// For files that stop, in a test that waits twice and is to see them wait still.
    private static final Duration LONGER = PATIENCE.multipliedBy(3);

    /// Three times as many as one server has places.
    private static final int PROGRAMS = 6;

    /// Longer than a place is waited for.
    private static final Duration SLOWNESS = Duration.ofSeconds(2);

    @TempDir private static Path programs;
    private static byte[] program;
    private static String buildId;
    private static long address;

    @TempDir private Path data;

    @BeforeAll
    static void compile() throws Exception {
        Toolchain toolchain = new Toolchain(programs);
        Files.writeString(programs.resolve("late.c"), "int main(void) { return 0; }");
        toolchain.run("gcc", "-g", "-Wl,--build-id", "-o", "late", "late.c");
        program = Files.readAllBytes(programs.resolve("late"));
        buildId = toolchain.buildId("late");
        address = toolchain.address("late", "main");
    }

    @Test
    void twoStalledFilesDoNotKeepAnotherServerFromBeingAsked() throws Exception {
        Limits limits =
                Limits.of(RunningServer.SMALL_HEAP).withTimeouts(LONGER, Limits.REQUEST_TIMEOUT);
        try (DebuginfodServer bad = stalling();
                DebuginfodServer good = new DebuginfodServer();
                RunningServer server =
                        RunningServer.start(
                                limits,
                                new LocalDisk(),
                                data,
                                "--debuginfod",
                                bad.url(),
                                "--debuginfod",
                                good.url())) {
            good.files.put(buildId + "/debuginfo", program);
            ask(server);
            await(() -> STALLED.stream().allMatch(id -> bad.asked.containsKey(id + "/debuginfo")));
            assertThat(server.post(Bodies.ofBinary(buildId, address)).statusCode()).isEqualTo(200);
            await(() -> server.text(TOP).contains("\"main\""));
            assertThat(bad.asked).doesNotContainKey(buildId + "/debuginfo");
            // They still hold both its places: none was cut that we might have waited for.
            assertThat(states(server)).containsExactly("waiting", "waiting");
        }
    }

    @Test
    void moreBinariesThanASlowServerHasPlacesForWaitAndAreFoundWithTheirLines() throws Exception {
        try (DebuginfodServer slow = new DebuginfodServer();
                DebuginfodServer poor = new DebuginfodServer();
                RunningServer server =
                        RunningServer.start(
                                data, "--debuginfod", slow.url(), "--debuginfod", poor.url())) {
            slow.delay = SLOWNESS;
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < PROGRAMS; i++) {
                ids.add(putProgram(i, slow, poor));
                assertThat(server.post(Bodies.ofBinary(ids.get(i), address)).statusCode())
                        .isEqualTo(200);
            }
            server.text(TOP);
            await(() -> server.metric(FETCHED + "{outcome=\"found\"}") == PROGRAMS);
            assertThat(server.metric(FETCHED + "{outcome=\"waiting\"}")).isPositive();
            assertThat(server.metric(FETCHED + "{outcome=\"failed\"}")).isZero();
            assertThat(server.text(PATH).split("\"debug_info\"", -1)).hasSize(PROGRAMS + 1);
            for (String id : ids) {
                assertThat(slow.asked).containsEntry(id + "/debuginfo", 1);
                assertThat(poor.asked).doesNotContainKey(id + "/executable");
            }
        }
    }

    /// Compiles a program of its own build id: with its lines for one server, stripped for the
    /// other.
    private static String putProgram(int number, DebuginfodServer whole, DebuginfodServer stripped)
            throws Exception {
        Toolchain toolchain = new Toolchain(programs);
        String id = "bb0000000000000" + number;
        toolchain.run("gcc", "-g", "-Wl,--build-id=0x" + id, "-o", id, "late.c");
        toolchain.run("strip", "-o", id + ".stripped", id);
        whole.files.put(id + "/debuginfo", Files.readAllBytes(programs.resolve(id)));
        stripped.files.put(
                id + "/executable", Files.readAllBytes(programs.resolve(id + ".stripped")));
        return id;
    }

    @Test
    void aFileThatStopsIsCutAndSaysWhy() throws Exception {
        Limits limits =
                Limits.of(RunningServer.SMALL_HEAP)
                        .withTimeouts(Duration.ofSeconds(1), Limits.REQUEST_TIMEOUT);
        try (DebuginfodServer bad = stalling();
                RunningServer server =
                        RunningServer.start(
                                limits, new LocalDisk(), data, "--debuginfod", bad.url())) {
            ask(server);
            await(() -> states(server).equals(List.of("failed", "failed")));
            assertThat(server.text(PATH))
                    .contains(
                            bad.url().replaceAll("/$", "")
                                    + ": file: came too slowly (expected: at least 65536 bytes"
                                    + " each 1 s)");
            try (Stream<Path> left = Files.list(data.resolve("symbols/incoming"))) {
                assertThat(left).isEmpty();
            }
        }
    }

    private static DebuginfodServer stalling() throws Exception {
        DebuginfodServer server = new DebuginfodServer();
        for (String id : STALLED) {
            server.files.put(id + "/debuginfo", program);
            server.stalled.add(id + "/debuginfo");
        }
        return server;
    }

    /// Has a query miss names of the binaries that stall.
    private static void ask(RunningServer server) throws Exception {
        for (String id : STALLED) {
            assertThat(server.post(Bodies.ofBinary(id, 0x1234)).statusCode()).isEqualTo(200);
        }
        server.text(TOP);
    }

    /// What became of the binaries that stall.
    private static List<String> states(RunningServer server) throws Exception {
        String text = server.text(PATH);
        return STALLED.stream()
                .map(id -> text.replaceAll("(?s).*\"" + id + "\",\"state\":\"(\\w+)\".*", "$1"))
                .toList();
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        Await.until(PATIENCE, condition);
    }
}
