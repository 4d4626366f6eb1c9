package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed leaves nothing in the kernel and nothing on disk.
class DeathIT {
    private static final int ROUNDS = Integer.getInteger("death.rounds", 20);

    /// Of the process's own: others unpack too.
    @TempDir Path directory;

    @Test
    void killingTheProcessLeavesNothing() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Map<String, List<Integer>> ids;
            try (Child child =
                    Child.start(Child.java(Holder.class, "-Djava.io.tmpdir=" + directory))) {
                assertThat(child.line()).isEqualTo("open");
                ids = kernelObjects(child.pid());
                assertThat(ids.get("prog")).hasSize(3);
                assertThat(ids.get("map")).hasSize(6);
                assertThat(ids.get("link")).isNotEmpty();
                assertThat(perfEvents(child.pid())).isGreaterThanOrEqualTo(2);
                for (var kind : ids.entrySet()) {
                    for (int id : kind.getValue()) {
                        assertThat(exists(kind.getKey(), id)).isTrue();
                    }
                }
                child.kill();
            }
            for (var kind : ids.entrySet()) {
                for (int id : kind.getValue()) {
                    assertGone(kind.getKey(), id);
                }
            }
            assertThat(unpacked()).isZero();
        }
    }

    /// Opens everything, says so, and waits to be killed.
    static final class Holder {
        public static void main(String[] args) throws Exception {
            try (Sampler sampler =
                            Sampler.open(new SamplerOptions(997, EventKind.CPU_CLOCK, 1 << 20));
                    SideBand sideBand = SideBand.open(new SideBandOptions(65_536))) {
                sampler.startWaits(WaitEnd.best());
                System.out.println("open");
                while (true) {
                    sampler.await(Duration.ofMillis(10), sideBand);
                    sampler.poll(_ -> {});
                }
            }
        }
    }

    /// The kernel frees programs and maps after a grace period, so it may take a moment.
    private static void assertGone(String kind, int id) throws Exception {
        for (int i = 0; i < 200 && exists(kind, id); i++) {
            Thread.sleep(Duration.ofMillis(50));
        }
        assertThat(exists(kind, id)).as("%s %d", kind, id).isFalse();
    }

    private static boolean exists(String kind, int id) throws Exception {
        Process process =
                new ProcessBuilder("bpftool", kind, "show", "id", Integer.toString(id))
                        .redirectErrorStream(true)
                        .start();
        process.getInputStream().readAllBytes();
        return process.waitFor() == 0;
    }

    /// Ids of the programs, maps and links a process holds, as its descriptors say.
    private static Map<String, List<Integer>> kernelObjects(int pid) throws IOException {
        Map<String, List<Integer>> ids = new HashMap<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fdinfo"))) {
            for (Path descriptor : descriptors.toList()) {
                List<String> lines = linesIfOpen(descriptor);
                // A link names its program as well.
                Optional<Integer> link = number(lines, "link_id:");
                if (link.isPresent()) {
                    add(ids, "link", link.get());
                } else {
                    number(lines, "prog_id:").ifPresent(id -> add(ids, "prog", id));
                    number(lines, "map_id:").ifPresent(id -> add(ids, "map", id));
                }
            }
        }
        return ids;
    }

    private static List<String> linesIfOpen(Path descriptor) throws IOException {
        try {
            return Files.readAllLines(descriptor);
        } catch (NoSuchFileException _) {
            return List.of(); // closed meanwhile
        }
    }

    private static void add(Map<String, List<Integer>> ids, String kind, int id) {
        ids.computeIfAbsent(kind, _ -> new ArrayList<>()).add(id);
    }

    private static Optional<Integer> number(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> Integer.valueOf(line.substring(key.length()).strip()))
                .findFirst();
    }

    private static long perfEvents(int pid) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return descriptors
                    .filter(
                            fd -> {
                                try {
                                    return Files.readSymbolicLink(fd)
                                            .toString()
                                            .equals("anon_inode:[perf_event]");
                                } catch (IOException _) {
                                    return false;
                                }
                            })
                    .count();
        }
    }

    /// Directories the native library was unpacked to and that are still there.
    private long unpacked() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(e -> Files.exists(e.resolve("libemberscope-bpf.so"))).count();
        }
    }
}
