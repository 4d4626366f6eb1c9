package io.emberscope.collector;

import static io.emberscope.collector.PerfMapTraps.CANARY;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a process that wants to harm leaves where its perf map file is looked for. Each trap holds,
/// or leads to, lines that would name its own code with a word that only root may read: that word
/// must never leave. Nothing blocks, and an honest process beside them keeps its names.
@Timeout(240)
final class HostileMapsIT {
    private static final String FILES = "emberscope_collector_jit_files_total";

    /// It burns on for some windows once others have ended.
    private static final int SWAPPED_MILLIS = 8_000;

    @TempDir private Path directory;

    @Test
    void trapsInThePlaceOfPerfMapsGiveNothingAwayAndDisturbNobody() throws Exception {
        RunningCollector.assumeRoot();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path program = new CPrograms(directory).compile("generated", "hostile");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                PerfMapTraps traps = new PerfMapTraps(program, 3000)) {
            traps.set((_, canary, map) -> Files.createSymbolicLink(map, canary));
            traps.set((_, canary, map) -> Files.createLink(map, canary));
            traps.set(PerfMapTraps::pipe);
            traps.set((p, _, map) -> PerfMapTraps.sparse(p, map, 10L << 30));
            traps.set(
                    (p, _, map) -> {
                        PerfMapTraps.write(map, p.lines(CANARY, CANARY));
                        Files.setAttribute(map, "unix:uid", PerfMapTraps.USER + 1);
                    });
            traps.set(HostileMapsIT::ofAnEarlierProcess);
            Generated swapped = traps.set(SWAPPED_MILLIS, PerfMapTraps.names("own"));
            Generated nasty =
                    traps.set(
                            (p, _, map) ->
                                    PerfMapTraps.write(
                                            map,
                                            p.lines("red\u001b[31m\u202e", "x".repeat(1 << 20))));
            Generated honest = traps.keep(Generated.start("honest", program, 3000, "honest", "u"));
            sink.await(sample -> sample.isIn("own_b")); // a window's names are those at its end
            traps.change(swapped, PerfMapTraps::swap);
            traps.finish();
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
        }
    }

    private static void ofAnEarlierProcess(Generated process, Path canary, Path map)
            throws Exception {
        PerfMapTraps.write(map, process.lines(CANARY, CANARY));
        Files.setLastModifiedTime(map, FileTime.fromMillis(1_000_000_000_000L));
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + Generated.HZ);
    }
}
