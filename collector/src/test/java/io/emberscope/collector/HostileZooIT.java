package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Everything at once that processes can have in their files to harm who reads them, under a
/// collector with little memory: it stays in its budget, answers, gives nothing away and stops in
/// time; and those beside it have all their samples and names.
@Timeout(240)
final class HostileZooIT {
    /// More than the least that is taken, as in [MemoryIT].
    private static final long MORE_MIB = 6;

    private static final int TRAP_MILLIS = 1_000;
    private static final int NEIGHBOUR_MILLIS = 3_000;
    private static final int BURNER_MILLIS = 500;
    private static final int MAPPINGS = 30_000;
    private static final int MAPPING_SECONDS = 4;
    private static final long STOP_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);

    /// What neighbours may lose, as a share of their time, beside what chance does.
    private static final double LOST_MAX = 0.01;

    private static final String FILES = "emberscope_collector_jit_files_total";
    private static final String EVIL = "evil\n\u001b[31m\u0007";

    @TempDir private Path directory;

    @Test
    void theZooHurtsNeitherTheCollectorNorNeighbours() throws Exception {
        RunningCollector.assumeRoot();
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "SKIPPED: this kernel has no FUSE");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        CPrograms programs = new CPrograms(directory);
        Path generated = programs.compile("generated", "zoo");
        Path neighbour = programs.solo("zoo-neighbour", "neighbour_work");
        Path mapper = programs.compile("chaos", "zoo-maps", "-pthread");
        List<Path> burners = DamagedPrograms.all(programs);
        burners.add(Files.copy(programs.solo("plain", "evil_work"), directory.resolve(EVIL)));
        long budget = RunningCollector.leastMemoryMiB() + MORE_MIB;
        Path lendable = programs.solo("lendable", "lent_work");
        try (LentFile lent = LentFile.of(programs, lendable, directory.resolve("lending"));
                TestGroup group = TestGroup.create();
                Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                group.enter(),
                                directory.resolve("data"),
                                sink.address(),
                                "--frequency=" + Generated.HZ,
                                "--memory=" + budget + "MiB");
                PerfMapTraps traps = new PerfMapTraps(generated, TRAP_MILLIS)) {
            group.limit(budget << 20);
            Generated swapped = traps.set(NEIGHBOUR_MILLIS, PerfMapTraps.names("own"));
            Generated cut = traps.set(NEIGHBOUR_MILLIS, PerfMapTraps.names("cut"));
            // Both are read as they should be, once.
            collector.awaitMetric(FILES + "{format=\"perf_map\",result=\"read\"}", 2);
            traps.change(swapped, PerfMapTraps::swap);
            traps.change(cut, PerfMapTraps::cut);
            setTraps(programs, generated, traps);
            Generated honest =
                    traps.keep(
                            Generated.start("honest", generated, NEIGHBOUR_MILLIS, "honest", "u"));
            List<Process> running = new ArrayList<>();
            try {
                running.add(CPrograms.start(lent.path(), BURNER_MILLIS));
                awaitBurning(running.getFirst());
                lent.silence();
                running.add(CPrograms.start(mapper, "maps", MAPPINGS, MAPPING_SECONDS));
                for (Path program : burners) {
                    running.add(CPrograms.start(program, BURNER_MILLIS));
                }
                running.add(CPrograms.start(neighbour, NEIGHBOUR_MILLIS));
                while (honest.isAlive() || running.stream().anyMatch(Process::isAlive)) {
                    group.look(collector); // so it answers, too
                    Thread.sleep(100);
                }
                for (Process process : running) {
                    CPrograms.finish(process);
                }
            } finally {
                running.forEach(Process::destroyForcibly);
            }
            traps.finish();
            checkCounters(collector);
            group.look(collector);
            stop(collector, group, budget);
            checkTexts(sink.received());
            assertNoneOfOthers(sink.received(), swapped, "own");
            assertNoneOfOthers(sink.received(), cut, "cut");
            honest.assertNamed(sink.received(), LOST_MAX);
            assertBurnt(sink.received(), "zoo-neighbour", "neighbour_work");
        }
    }

    private static void awaitBurning(Process process) throws Exception {
        while (process.isAlive() && CPrograms.cpuNanos(process.pid()) == 0) {
            Thread.sleep(5);
        }
    }

    private static void stop(RunningCollector collector, TestGroup group, long budget)
            throws Exception {
        long start = System.nanoTime();
        RunningCollector.Totals totals = collector.stop();
        long stopping = System.nanoTime() - start;
        System.out.printf(
                "zoo: %s; charged at most %d of %d MiB; stopped in %d ms%n",
                totals, group.most().get() >> 20, budget, TimeUnit.NANOSECONDS.toMillis(stopping));
        assertThat(stopping).isLessThan(STOP_NANOS_MAX);
        assertThat(group.kills()).isZero();
        assertThat(totals.dropped()).isLessThan(Math.max(20, totals.hits() / 100));
    }

    /// Sets the traps for who looks for perf map files that stay as they are.
    private void setTraps(CPrograms programs, Path generated, PerfMapTraps traps) throws Exception {
        traps.set((_, canary, map) -> Files.createSymbolicLink(map, canary));
        traps.set(PerfMapTraps::pipe);
        traps.set(
                (_, _, map) ->
                        CPrograms.finish(
                                CPrograms.start("mknod", "-m", "666", map, "c", "1", "5")));
        traps.set((p, _, map) -> PerfMapTraps.sparse(p, map, PerfMapTraps.GIANT_BYTES));
        traps.keep(silent(programs, generated));
    }

    /// A process whose `/tmp` is a file system that never answers.
    private static Generated silent(CPrograms programs, Path generated) throws Exception {
        Path fuse = programs.compile("../../../../bpf/src/test/c/silent_fuse", "silent_fuse");
        String inside =
                "exec 3<'"
                        + generated
                        + "' && { '"
                        + fuse
                        + "' /tmp >/dev/null & }; until grep -q '^silent /tmp' /proc/self/mounts;"
                        + " do sleep 0.02; done; exec /proc/self/fd/3 "
                        + TRAP_MILLIS
                        + " none n";
        return Generated.start(
                "",
                "unshare",
                "--kill-child",
                "-pfm",
                "--propagation",
                "private",
                "sh",
                "-c",
                inside);
    }

    private static void checkCounters(RunningCollector collector) throws Exception {
        for (String reason : List.of("symbolic_link", "too_large", "not_regular", "file_system")) {
            collector.awaitMetric(FILES + "{format=\"perf_map\",result=\"" + reason + "\"}", 1);
        }
        for (String reader : List.of("files", "jit", "unwind", "proc")) {
            String label = "{reader=\"" + reader + "\"}";
            assertThat(collector.metric("emberscope_collector_abandoned_reads_total" + label))
                    .as("stuck readers of %s", reader)
                    .isZero();
            assertThat(collector.metric("emberscope_collector_failed_reads_total" + label))
                    .as("failed readers of %s", reader)
                    .isZero();
        }
    }

    /// No text that leaves has what only root may read, and no name of a function what would write
    /// over a terminal.
    private static void checkTexts(Received received) {
        List<String> functions =
                received.batches().stream()
                        .flatMap(batch -> batch.frames().stream())
                        .flatMap(frame -> frame.lines().stream())
                        .map(Line::function)
                        .distinct()
                        .toList();
        assertThat(functions).contains("evil_work", "mapped_work");
        assertThat(functions).noneMatch(name -> name.chars().anyMatch(Character::isISOControl));
        assertThat(received.batches())
                .extracting(HostileZooIT::all)
                .noneMatch(text -> text.contains(PerfMapTraps.CANARY));
    }

    /// All frames and labels of a batch.
    private static String all(ProfileBatch batch) {
        return batch.frames() + batch.profiles().stream().map(Profile::series).toList().toString();
    }

    private static long namedNanos(Received received, String prefix) {
        return received.nanos(s -> s.isIn(prefix + "_a") || s.isIn(prefix + "_b"));
    }

    /// Names of a file that changes all the time have no more than its own process's time.
    private static void assertNoneOfOthers(Received received, Generated process, String prefix) {
        double found = namedNanos(received, prefix) / process.nanos();
        System.out.printf("zoo: %s %.3f%n", prefix, found);
        assertThat(found)
                .as(prefix)
                .isLessThan(1 + LOST_MAX + Chance.ofTime(process.nanos(), Generated.HZ));
    }

    private static void assertBurnt(Received received, String program, String function) {
        double nanos = NEIGHBOUR_MILLIS * 1e6;
        double found = received.nanos(s -> s.isOf(program) && s.isIn(function)) / nanos;
        System.out.printf("zoo: %s %.3f%n", function, found);
        assertThat(found)
                .as(function)
                .isCloseTo(1, within(LOST_MAX + Chance.ofTime(nanos, Generated.HZ)));
    }
}
