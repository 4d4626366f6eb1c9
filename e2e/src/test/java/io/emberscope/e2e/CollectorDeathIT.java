package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A collector that is killed leaves nothing behind in the kernel, and the next one goes on.
class CollectorDeathIT {
    private static final int ROUNDS = Integer.getInteger("rounds.collector", 3);
    private static final Pattern ID = Pattern.compile("\"id\": ?([0-9]+)");

    @TempDir Path directory;

    @Test
    void killedItLeavesNoProgramMapOrEvent() throws Exception {
        Root.assume();
        try (RealStack stack = RealStack.start(directory, 97)) {
            for (int round = 0; round < ROUNDS; round++) {
                long pid = stack.collector().pid();
                Set<String> programs = heldBy(pid, "prog");
                Set<String> maps = heldBy(pid, "map");
                assertThat(programs).as("programs of %d", pid).isNotEmpty();
                assertThat(maps).as("maps of %d", pid).isNotEmpty();
                assertThat(perfEvents(pid)).isPositive();

                stack.collector().signal("KILL");
                stack.collector().await(Duration.ofSeconds(20));

                awaitGone("prog", programs);
                awaitGone("map", maps);
                stack.restartCollector();
            }
            // What a killed one had not sent is gone with it, but the last one owes all.
            assertThat(stack.stopCollector().samplesUnaccounted()).isZero();
        }
    }

    /// Ids of the BPF programs or maps that a process holds, by the descriptors it has open.
    private static Set<String> heldBy(long pid, String kind) throws Exception {
        Set<String> ids = new TreeSet<>();
        Pattern held = Pattern.compile("(?m)^" + kind + "_id:\\s*([0-9]+)");
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fdinfo"))) {
            for (Path descriptor : descriptors.toList()) {
                Matcher id = held.matcher(readIfOpen(descriptor));
                if (id.find()) {
                    ids.add(id.group(1));
                }
            }
        }
        assertThat(all(kind)).as("what bpftool sees").containsAll(ids);
        return ids;
    }

    /// A collector opens and closes files all the time.
    private static String readIfOpen(Path descriptor) throws IOException {
        try {
            return Files.readString(descriptor);
        } catch (NoSuchFileException _) {
            return "";
        }
    }

    private static Set<String> all(String kind) throws Exception {
        Set<String> ids = new TreeSet<>();
        Matcher id = ID.matcher(json(kind));
        while (id.find()) {
            ids.add(id.group(1));
        }
        return ids;
    }

    private static String json(String kind) throws Exception {
        Run run = Run.of("bpftool", "-j", kind, "show");
        assertThat(run.status()).as(run.out()).isZero();
        return run.out();
    }

    /// The kernel frees maps a moment after their last user is gone.
    private static void awaitGone(String kind, Set<String> ids) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        Set<String> left = new TreeSet<>(ids);
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            left.retainAll(all(kind));
            TimeUnit.MILLISECONDS.sleep(100);
        }
        assertThat(left).as(kind).isEmpty();
    }

    private static long perfEvents(long pid) throws Exception {
        Run run = Run.of("find", "/proc/" + pid + "/fd", "-lname", "anon_inode:*perf_event*");
        try (Stream<String> lines = run.out().lines()) {
            return lines.count();
        }
    }
}
