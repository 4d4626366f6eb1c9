package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// A control group of our own.
///
/// @param most that was charged when it was looked at, but for page cache
record TestGroup(Path directory, boolean isUnified, AtomicLong most) implements AutoCloseable {
    static TestGroup create() throws Exception {
        Path root = Path.of("/sys/fs/cgroup");
        boolean unified = !Files.isDirectory(root.resolve("memory"));
        if (unified) {
            Files.writeString(root.resolve("cgroup.subtree_control"), "+memory");
        }
        Path parent = unified ? root : root.resolve("memory");
        Path own = parent.resolve("emberscope-test-" + ProcessHandle.current().pid());
        Files.createDirectory(own);
        return new TestGroup(own, unified, new AtomicLong());
    }

    /// From now on; takes page cache back, and fails if that is not enough.
    void limit(long bytes) throws Exception {
        Files.writeString(
                directory.resolve(isUnified ? "memory.max" : "memory.limit_in_bytes"),
                Long.toString(bytes));
    }

    /// What is charged but for page cache is within the budget.
    void look(RunningCollector collector) throws Exception {
        long charged =
                collector.metric("emberscope_collector_memory_group_bytes")
                        - collector.metric("emberscope_collector_memory_group_cache_bytes");
        most.accumulateAndGet(charged, Math::max);
        assertThat(charged)
                .as("charged but for page cache")
                .isLessThanOrEqualTo(collector.metric("emberscope_collector_memory_budget_bytes"));
    }

    /// A command that enters it and executes what follows.
    List<String> enter() {
        String procs = directory.resolve("cgroup.procs").toString();
        return List.of("sh", "-c", "echo $$ >" + procs + " && exec \"$@\"", "sh");
    }

    long kills() throws Exception {
        Path file = directory.resolve(isUnified ? "memory.events" : "memory.oom_control");
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("oom_kill "))
                .mapToLong(line -> Long.parseLong(line.substring(9)))
                .sum();
    }

    @Override
    public void close() {
        // What is charged to a group without processes is given back late.
        for (int i = 0; i < 1000 && Files.exists(directory); i++) {
            try {
                Files.deleteIfExists(directory);
            } catch (IOException _) {
                LockSupport.parkNanos(10_000_000);
            }
        }
    }
}
