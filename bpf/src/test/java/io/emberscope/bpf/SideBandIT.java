package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The side band on the real kernel, as root.
class SideBandIT {
    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final int STORM_EXECS = 600;
    private static final String STORM =
            "i=0; while [ $i -lt " + STORM_EXECS + " ]; do /bin/true; i=$((i+1)); done";
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    @TempDir static Path directory;

    /// Keeps all records as lines of text.
    private static class Log implements SideBandHandler {
        /// By time: records of several CPUs come in no order.
        final TreeMap<Long, List<String>> byTime = new TreeMap<>();

        final List<Mapping> mappings = new ArrayList<>();
        long lost;

        @Override
        public void mmap(Mapping mapping) {
            mappings.add(mapping);
            add(mapping.timeNanos(), mapping.pid() + " mmap " + text(mapping.fileName()));
        }

        @Override
        public void comm(long timeNanos, int pid, int tid, byte[] comm, boolean exec) {
            add(timeNanos, pid + (exec ? " exec " : " comm ") + text(comm));
        }

        @Override
        public void fork(long timeNanos, int pid, int parentPid, int tid, int parentTid) {
            add(timeNanos, pid + " fork " + parentPid);
        }

        @Override
        public void exit(long timeNanos, int pid, int parentPid, int tid, int parentTid) {
            add(timeNanos, pid + " exit");
        }

        @Override
        public void cgroup(long timeNanos, long id, byte[] path) {
            add(timeNanos, "cgroup " + id + " " + text(path));
        }

        @Override
        public void lost(long timeNanos, long count) {
            lost += count;
        }

        List<String> lines() {
            return byTime.values().stream().flatMap(List::stream).toList();
        }

        private void add(long timeNanos, String line) {
            byTime.computeIfAbsent(timeNanos, _ -> new ArrayList<>()).add(line);
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    @Test
    void aProcessOfAFewMillisecondsIsToldWhole() throws Exception {
        Path binary = Burner.compile("burner.c", directory);
        String notes = Burner.run(List.of("readelf", "-n", binary.toString()));
        Matcher buildId = Pattern.compile("Build ID: ([0-9a-f]+)").matcher(notes);
        assertThat(buildId.find()).isTrue();
        try (SideBand sideBand = SideBand.open(new SideBandOptions(1 << 20))) {
            // Linux 5.12, before bpf_loop (5.17).
            boolean hasBuildIds = sideBand.hasBuildIds();
            assertThat(hasBuildIds || !SamplerIT.hasLoop()).isTrue();
            Log log = new Log();
            int pid;
            try (Burner process = Burner.start(binary, 2, 0)) {
                pid = process.pid();
                process.spentNanos();
            }
            sideBand.poll(log);
            assertThat(log.lines())
                    .containsSubsequence(
                            pid + " exec burner", pid + " mmap " + binary, pid + " exit");
            assertThat(log.lines())
                    .anyMatch(line -> line.startsWith(pid + " mmap ") && line.contains("libc.so"));
            assertThat(log.mappings)
                    .filteredOn(m -> m.pid() == pid)
                    .filteredOn(m -> Log.text(m.fileName()).equals(binary.toString()))
                    .allSatisfy(
                            m ->
                                    assertThat(HexFormat.of().formatHex(m.buildId()))
                                            .isEqualTo(hasBuildIds ? buildId.group(1) : ""));
            assertThat(log.lost).isZero();
            assertThat(sideBand.unreadable()).isZero();
        }
    }

    @Test
    void lossesAreTold() throws Exception {
        try (SideBand sideBand = SideBand.open(new SideBandOptions(4_096))) {
            for (int i = 0; i < 100; i++) {
                Burner.run(List.of("true"));
            }
            Log log = new Log();
            sideBand.poll(log);
            // The kernel says so with the first record that finds room again.
            Burner.run(List.of("true"));
            Burner.run(List.of("true"));
            sideBand.poll(log);
            assertThat(log.lost).isPositive();
            assertThat(sideBand.lost()).isEqualTo(log.lost);
        }
    }

    @Test
    void newCgroupsAreToldWithTheIdOfTheirDirectory() throws Exception {
        Path hierarchy = unified();
        Path made = hierarchy.resolve("emberscope-test-" + ProcessHandle.current().pid());
        try (SideBand sideBand = SideBand.open(new SideBandOptions(1 << 16))) {
            java.nio.file.Files.createDirectory(made);
            try {
                Log log = new Log();
                sideBand.poll(log);
                long id = Cgroups.idOf(made);
                assertThat(id).isPositive();
                if (sideBand.hasCgroups()) {
                    assertThat(log.lines()).contains("cgroup " + id + " /" + made.getFileName());
                }
            } finally {
                java.nio.file.Files.delete(made);
            }
        }
    }

    private static Path unified() throws Exception {
        Path own = Path.of("/sys/fs/cgroup/unified");
        return java.nio.file.Files.exists(own.resolve("cgroup.procs"))
                ? own
                : Path.of("/sys/fs/cgroup");
    }

    @Test
    void namesFromStrangersComeByteForByte() throws Exception {
        // A new line, a control character and a byte that is no UTF-8, in a file and a thread name.
        Path binary = Burner.compile("burner.c", directory);
        String script =
                """
                name="$(printf '%s/x\\nx\\001\\377')"
                cp %s "$name"
                exec "$name" 1 0
                """
                        .formatted(directory, binary);
        try (SideBand sideBand = SideBand.open(new SideBandOptions(1 << 20))) {
            Burner.run(List.of("sh", "-c", script));
            byte[] name = {'x', '\n', 'x', 1, (byte) 0xff};
            List<byte[]> comms = new ArrayList<>();
            Log log =
                    new Log() {
                        @Override
                        public void comm(long time, int pid, int tid, byte[] comm, boolean exec) {
                            comms.add(comm);
                        }
                    };
            sideBand.poll(log);
            assertThat(comms).anyMatch(comm -> Arrays.equals(comm, name));
            assertThat(log.mappings)
                    .anyMatch(
                            mapping ->
                                    mapping.fileName().length > 5
                                            && Arrays.equals(
                                                    Arrays.copyOfRange(
                                                            mapping.fileName(),
                                                            mapping.fileName().length - 5,
                                                            mapping.fileName().length),
                                                    name));
            assertThat(sideBand.unreadable()).isZero();
        }
    }

    @Test
    void recordsStayWholeWhileSmallRingsGoRoundManyTimes() throws Exception {
        SideBandOptions options = new SideBandOptions(8_192);
        try (SideBand sideBand = SideBand.open(options)) {
            long[] counts = new long[4];
            Log log =
                    new Log() {
                        @Override
                        public void mmap(Mapping mapping) {
                            byte[] name = mapping.fileName();
                            counts[0] += 120 + name.length;
                            boolean sane =
                                    name.length > 0
                                            && (name[0] == '/' || name[0] == '[')
                                            && mapping.pid() > 0
                                            && mapping.timeNanos() > 0
                                            && (mapping.buildId().length == 20
                                                    || mapping.buildId().length == 0);
                            counts[1] += sane ? 0 : 1;
                        }

                        @Override
                        public void comm(long time, int pid, int tid, byte[] comm, boolean exec) {
                            counts[2] += exec && Arrays.equals(comm, TRUE) ? 1 : 0;
                        }

                        @Override
                        public void fork(long time, int pid, int parent, int tid, int parentTid) {}

                        @Override
                        public void exit(long time, int pid, int parent, int tid, int parentTid) {}

                        @Override
                        public void lost(long time, long count) {
                            counts[3] += count;
                        }
                    };
            // How much of a storm is seen depends on how often we get a CPU meanwhile.
            long execs = 0;
            long end = System.nanoTime() + WAIT_NANOS;
            while (counts[0] <= 20L * options.ringBytes()) {
                assertThat(System.nanoTime()).as("%d bytes seen", counts[0]).isLessThan(end);
                try (Child storm = Child.start("sh", "-c", STORM)) {
                    while (storm.isAlive()) {
                        sideBand.poll(log);
                    }
                    storm.end();
                }
                execs += STORM_EXECS;
            }
            sideBand.poll(log);
            // Of what was lost a CPU tells with the first record that finds room again.
            for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
                Burner.run(List.of("taskset", "-c", Burner.cpu(cpu), "/bin/echo"));
            }
            sideBand.poll(log);
            assertThat(counts[1]).isZero();
            // Each exec is told, or is among the records that are said to be lost.
            assertThat(counts[2] + counts[3]).isGreaterThanOrEqualTo(execs);
            assertThat(sideBand.unreadable()).isZero();
        }
    }
}
