package io.emberscope.collector;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a process that wants to harm leaves where its perf map file is looked for. Each trap holds,
/// or leads to, lines that would name its own code with a word that only root may read: that word
/// must never leave. Nothing blocks, and an honest process beside them keeps its names.
@Timeout(240)
final class HostileMapsIT {
    private static final int USER = 54_321;
    private static final String CANARY = "canary_of_root";
    private static final String FILES = "emberscope_collector_jit_files_total";

    @TempDir private Path directory;
    private final List<Generated> running = new ArrayList<>();
    private Path program = Path.of("");

    @FunctionalInterface
    private interface Trap {
        void set(Generated process, Path canary, Path map) throws Exception;
    }

    @Test
    void trapsInThePlaceOfPerfMapsGiveNothingAwayAndDisturbNobody() throws Exception {
        RunningCollector.assumeRoot();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        program = new CPrograms(directory).compile("generated", "hostile");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink)) {
            trap((_, canary, map) -> Files.createSymbolicLink(map, canary));
            trap((_, canary, map) -> Files.createLink(map, canary));
            trap((_, _, map) -> CPrograms.finish(CPrograms.start("mkfifo", "-m", "666", map)));
            trap(HostileMapsIT::sparse);
            trap((p, _, map) -> own(Files.writeString(map, p.lines(CANARY, CANARY)), USER + 1));
            trap(HostileMapsIT::ofAnEarlierProcess);
            Generated swapped = trap((p, _, map) -> write(map, p.lines("own_a", "own_b")));
            Generated nasty =
                    trap(
                            (p, _, map) ->
                                    write(
                                            map,
                                            p.lines("red\u001b[31m\u202e", "x".repeat(1 << 20))));
            Generated honest = Generated.start("honest", program, 3000, "honest", "u");
            running.add(honest);
            Thread swapper = Thread.ofPlatform().daemon().start(() -> swap(swapped));
            for (Generated each : running) {
                each.finish();
            }
            swapper.join();
            collector.awaitMetric(FILES + "{format=\"perf_map\",result=\"not_regular\"}", 1);
            for (String reason :
                    List.of("symbolic_link", "wrong_owner", "too_large", "stale", "read")) {
                String metric = FILES + "{format=\"perf_map\",result=\"" + reason + "\"}";
                assertThat(collector.metric(metric)).as(reason).isPositive();
            }
            assertThat(
                            collector.metric(
                                    "emberscope_collector_abandoned_reads_total{reader=\"jit\"}"))
                    .isZero();
            collector.stop();
            Received received = sink.received();
            List<String> names =
                    received.samples().stream()
                            .flatMap(sample -> sample.frames().stream())
                            .flatMap(frame -> frame.lines().stream())
                            .map(line -> line.function())
                            .distinct()
                            .toList();
            assertThat(names).noneMatch(name -> name.contains(CANARY));
            assertThat(names).noneMatch(name -> name.chars().anyMatch(Character::isISOControl));
            assertThat(names).allMatch(name -> name.length() <= 1025);
            assertThat(names).contains("own_a", "own_b");
            honest.assertNamed(received);
            Generated.assertTime(received, "red\ufffd[31m\ufffd", 0.75 * nasty.nanos());
            for (Generated each : running) {
                assertThat(each.nanos()).isPositive();
            }
        } finally {
            for (Generated each : running) {
                each.close();
            }
        }
    }

    private Generated trap(Trap trap) throws Exception {
        Generated process = Generated.start("", program, 3000, "none", "un");
        running.add(process);
        Path canary = Files.createTempFile(Path.of("/tmp"), "emberscope-canary", "");
        try {
            Files.setPosixFilePermissions(canary, PosixFilePermissions.fromString("rw-------"));
            Files.writeString(canary, process.lines(CANARY, CANARY));
            trap.set(process, canary, process.map());
        } finally {
            // The links stay while their process runs.
            canary.toFile().deleteOnExit();
        }
        return process;
    }

    private static void write(Path map, String text) throws Exception {
        own(Files.writeString(map, text, UTF_8), USER);
    }

    private static void own(Path file, int user) throws Exception {
        Files.setAttribute(file, "unix:uid", user);
    }

    private static void sparse(Generated process, Path canary, Path map) throws Exception {
        write(map, process.lines(CANARY, CANARY));
        try (RandomAccessFile file = new RandomAccessFile(map.toFile(), "rw")) {
            file.setLength(10L << 30);
        }
    }

    private static void ofAnEarlierProcess(Generated process, Path canary, Path map)
            throws Exception {
        write(map, process.lines(CANARY, CANARY));
        Files.setLastModifiedTime(map, FileTime.fromMillis(1_000_000_000_000L));
    }

    /// Has a file of its own and a link to what it may not read at one name, by turns.
    private static void swap(Generated process) {
        try {
            Path map = process.map();
            Path own = Path.of(map + ".own");
            Path link = Path.of(map + ".link");
            Path canary = Files.createTempFile(Path.of("/tmp"), "emberscope-canary", "");
            Files.writeString(canary, process.lines(CANARY, CANARY));
            canary.toFile().deleteOnExit();
            while (process.isAlive()) {
                write(own, process.lines("own_a", "own_b"));
                Files.move(own, map, StandardCopyOption.ATOMIC_MOVE);
                Files.createSymbolicLink(link, canary);
                Files.move(link, map, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.deleteIfExists(map);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + Generated.HZ);
    }
}
