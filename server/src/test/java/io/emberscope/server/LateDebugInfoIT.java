package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A binary that debuginfod servers have, while its debug information is not to be had yet: it
/// gives its names at once, and its lines as soon as one has them.
class LateDebugInfoIT {
    private static final String TOP =
            "/api/v1/top?from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";
    private static final String PATH = "/api/v1/debuginfo";
    private static final String ID = "cc00000000000001";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir private Path directory;
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    private byte[] whole;
    private byte[] stripped;
    private long address;

    @BeforeEach
    void compile() throws Exception {
        Toolchain toolchain = new Toolchain(directory);
        Files.writeString(directory.resolve("late.c"), "int main(void) { return 0; }");
        toolchain.run("gcc", "-g", "-Wl,--build-id=0x" + ID, "-o", "late", "late.c");
        toolchain.run("strip", "-g", "-o", "late.stripped", "late");
        whole = Files.readAllBytes(directory.resolve("late"));
        stripped = Files.readAllBytes(directory.resolve("late.stripped"));
        address = toolchain.address("late", "main");
    }

    @Test
    void aServerThatFailedIsAskedAgainForDebugInformationAlone() throws Exception {
        try (DebuginfodServer poor = new DebuginfodServer();
                DebuginfodServer rich = new DebuginfodServer();
                RunningServer server = start(poor, rich)) {
            poor.files.put(ID + "/executable", stripped);
            rich.files.put(ID + "/debuginfo", whole);
            rich.broken.add(ID + "/debuginfo");
            assertThat(server.post(Bodies.ofBinary(ID, address)).statusCode()).isEqualTo(200);
            await(() -> server.text(TOP).contains("\"main\""));
            await(() -> server.text(PATH).contains("\"state\":\"stripped\""));
            assertThat(server.text(PATH))
                    .contains("status 500 (expected: 200 or 404)")
                    .doesNotContain("\"debug_info\"");
            rich.broken.clear();
            later(Duration.ofMinutes(2));
            server.text(TOP);
            await(() -> server.text(PATH).contains("\"debug_info\""));
            assertThat(server.text(PATH)).doesNotContain("\"state\"");
            assertThat(poor.asked).containsEntry(ID + "/executable", 1);
            assertThat(rich.asked).containsEntry(ID + "/debuginfo", 2);
        }
    }

    @Test
    void whatNoServerHasIsAskedForOnceADay() throws Exception {
        try (DebuginfodServer only = new DebuginfodServer();
                RunningServer server = start(only)) {
            only.files.put(ID + "/executable", stripped);
            assertThat(server.post(Bodies.ofBinary(ID, address)).statusCode()).isEqualTo(200);
            server.text(TOP);
            await(() -> server.text(PATH).contains("\"state\":\"stripped\""));
            assertThat(server.text(PATH)).contains("no server has its debug information");
            only.files.put(ID + "/debuginfo", whole);
            later(Duration.ofHours(23));
            server.text(TOP);
            assertThat(server.text(PATH)).contains("\"state\":\"stripped\"");
            later(Duration.ofHours(2));
            server.text(TOP);
            await(() -> server.text(PATH).contains("\"debug_info\""));
            assertThat(only.asked)
                    .containsEntry(ID + "/debuginfo", 2)
                    .containsEntry(ID + "/executable", 1);
        }
    }

    private RunningServer start(DebuginfodServer... asked) throws Exception {
        String[] options =
                Arrays.stream(asked)
                        .flatMap(each -> Stream.of("--debuginfod", each.url()))
                        .toArray(String[]::new);
        return RunningServer.start(now::get, directory.resolve("data"), options);
    }

    private void later(Duration time) {
        now.updateAndGet(instant -> instant.plus(time));
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        Await.until(PATIENCE, condition);
    }
}
