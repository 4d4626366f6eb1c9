package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files of what runs are replaced, as a package manager or a build does it: samples have the names
/// of what runs, before and after, or none and a reason that is counted; never those of what is at
/// its path now. The tests mostly wait, so they run side by side, each with its own collector and
/// its own programs.
final class ReplacedIT {
    private static final int HZ = 997;
    private static final long MILLI = 1_000_000L;
    private static final String SENT = "emberscope_collector_send_attempts_total";

    /// Why there may be no name: the file was another one, or became one; or it had not had its
    /// turn to be read yet.
    private static final List<String> REASONS =
            List.of(
                    "emberscope_symbolizer_refusals_total{reason=\"wrong_build_id\"}",
                    "emberscope_symbolizer_refusals_total{reason=\"changed\"}",
                    "emberscope_symbolizer_lookups_total{result=\"later\"}");

    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    @TempDir private Path directory;

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void ofAProgramThatIsRenamedOverBothHaveTheirOwnNames() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        // The same code at the same places.
        Path program = programs.solo("replaced", "old_work");
        Path fresh = programs.solo("fresh", "new_work");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink)) {
            Process before = CPrograms.start(program, 2_500);
            awaitBurnt(before, 500 * MILLI);
            Files.move(fresh, program, StandardCopyOption.ATOMIC_MOVE);
            Process after = CPrograms.start(program, 2_000);
            CPrograms.finish(before);
            CPrograms.finish(after);
            collector.stop();
            assertBurnt(sink.received(), "old_work", 2_500);
            assertBurnt(sink.received(), "new_work", 2_000);
        }
    }

    private static void assertBurnt(Received received, String function, int millis) {
        double nanos = received.nanos(s -> s.isOf("replaced") && s.isIn(function));
        double share = nanos / (millis * MILLI);
        System.out.printf("replaced: %s %.3f%n", function, share);
        double chance = Chance.ofTime((double) millis * MILLI, HZ);
        assertThat(share).as(function).isCloseTo(1, within(0.05 + chance));
    }

    /// @param isNamed whether a window of it was sent before
    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(booleans = {false, true})
    void ofALibraryThatIsWrittenOverTheNamesAreThoseOfWhatWasLoadedOrNone(boolean isNamed)
            throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        // Either run's collector sees the other's too.
        String name = isNamed ? "host-named" : "host-new";
        Path host = programs.compile("host", name);
        Path plugin = programs.compile("plugin", "plugin.so", "-shared", "-fPIC");
        // The same code at the same places, so that what runs goes on.
        Path other =
                programs.compile(
                        "plugin", "other.so", "-shared", "-fPIC", "-Dplugin_work=wrong_names");
        assertThat(Files.size(other)).isEqualTo(Files.size(plugin));
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink)) {
            Process process = CPrograms.start(host, plugin, 600_000);
            double spent;
            try {
                awaitBurnt(process, 500 * MILLI);
                if (isNamed) {
                    sink.await(sample -> sample.isOf(name) && sample.isIn("plugin_work"));
                }
                Files.write(plugin, Files.readAllBytes(other), StandardOpenOption.WRITE);
                awaitBurnt(process, CPrograms.cpuNanos(process.pid()) + 1_500 * MILLI);
                assertThat(process.isAlive()).isTrue();
                spent = CPrograms.cpuNanos(process.pid());
            } finally {
                process.destroyForcibly().waitFor();
            }
            // All of it is in the second window from here at the latest.
            collector.awaitMetric(SENT, collector.metric(SENT) + 2);
            long counted = 0;
            for (String reason : REASONS) {
                counted += collector.metric(reason);
            }
            collector.stop();
            Received received = sink.received();
            double right = named(received, name, "plugin_work");
            double none = received.nanos(sample -> sample.isOf(name) && hasNoName(sample));
            System.out.printf(
                    "replaced: a library written over: of %.0f ms %.0f named, %.0f not; %d counted%n",
                    spent / MILLI, right / MILLI, none / MILLI, counted);
            assertThat(named(received, name, "wrong_names")).isZero();
            if (isNamed) {
                assertThat(right).isPositive();
            }
            if (none > 0) {
                assertThat(counted).as("counted reasons").isPositive();
            }
            double chance = Chance.ofTime(spent, HZ);
            assertThat((right + none) / spent).isCloseTo(1, within(0.05 + chance));
        }
    }

    private static long named(Received received, String program, String function) {
        return received.nanos(sample -> sample.isOf(program) && sample.isIn(function));
    }

    private static boolean hasNoName(Received.Sample sample) {
        return sample.frames().stream()
                .anyMatch(
                        frame -> frame.binary().endsWith("/plugin.so") && frame.lines().isEmpty());
    }

    private static void awaitBurnt(Process process, long nanos) throws Exception {
        long start = System.nanoTime();
        while (CPrograms.cpuNanos(process.pid()) < nanos) {
            assertThat(System.nanoTime() - start).isLessThan(WAIT_NANOS);
            Thread.sleep(20);
        }
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + HZ);
    }
}
