package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.collector.RunningCollector.Totals;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Programs of all kinds run once under the real collector; the tests look at what arrived.
@Tag("side-by-side")
final class ProgramsIT {
    private static final int HZ = 997;
    private static final int BRIEF_RUNS = 150;
    private static final long MILLI = 1_000_000L;

    @TempDir static Path directory;

    private static Received received = new Received(List.of());
    private static long[] burnt = {};
    private static Totals totals = new Totals(0, 0, 0, 0, 0, 0);

    @BeforeAll
    static void runThemAll() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path shares = programs.compile("shares", "shares");
        Path brief = programs.solo("a-brief-program", "brief_work");
        Path chainC = programs.solo("chain-c", "work_c");
        Path chainB = programs.solo("chain-b", "work_b");
        Path chainA = programs.solo("chain-a", "work_a");
        Path deleted = programs.solo("deleted-later", "deleted_work");
        Path unlinked = programs.solo("deleted-before", "unlinked_work");
        Path threads = programs.compile("threads", "threads", "-pthread");
        // The library's own symbols tell the name of what handlers return to.
        Path signalled = programs.compile("signalled", "signalled", "-static");
        Path host = programs.compile("host", "host");
        Path plugin = programs.compile("plugin", "plugin.so", "-shared", "-fPIC");

        Process early = CPrograms.start(unlinked, "5000");
        Thread.sleep(200);
        Files.delete(unlinked);
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"),
                                sink.address(),
                                "--frequency=" + HZ,
                                "--node=test-node")) {
            List<Process> running = new ArrayList<>();
            running.add(CPrograms.start(chainA, "300", chainB, "300", chainC, "300"));
            running.add(CPrograms.start(threads, "400"));
            running.add(CPrograms.start(signalled, "300"));
            running.add(CPrograms.start(host, plugin, "400"));
            Process later = CPrograms.start(deleted, "1000");
            Thread.sleep(300);
            Files.delete(deleted);
            for (Process process : running) {
                CPrograms.finish(process);
            }
            CPrograms.finish(later);
            CPrograms.finish(early);
            for (int i = 0; i < BRIEF_RUNS; i++) {
                CPrograms.finish(CPrograms.start(brief, "5"));
            }
            Process sharing = CPrograms.start(shares, "8000");
            burnt = numbers(sharing);
            CPrograms.finish(sharing);
            totals = collector.stop();
            received = sink.received();
        }
    }

    @AfterAll
    static void everythingWasDelivered() {
        assertThat(totals.dropped()).isZero();
        assertThat(totals.spooled()).isZero();
    }

    @Test
    void hitsAreDeliveredOrCounted() {
        assertThat(totals.hits()).isPositive();
        assertThat(received.nanos()).isPositive();
        totals.checkConservation();
    }

    @Test
    void sharesOfFunctionsAreThoseTheProgramMeasured() {
        double all = received.nanos(sample -> sample.isOf("shares"));
        double truth = burnt[0] + burnt[1] + burnt[2];
        assertThat(all).isCloseTo(truth, within(truth * 0.1));
        String[] functions = {"burn_sixty", "burn_thirty", "burn_ten"};
        for (int i = 0; i < functions.length; i++) {
            String function = functions[i];
            double share = received.nanos(sample -> sample.isIn(function)) / all;
            double chance = Chance.ofShare(burnt[i] / truth, truth / 1e9 * HZ);
            assertThat(share)
                    .as(function)
                    .isCloseTo(burnt[i] / truth, within(Math.max(0.02, chance)));
        }
    }

    @Test
    void programOfFiveMillisecondsHasItsNameItsFunctionAndItsKernelStack() {
        double all = received.nanos(sample -> sample.isOf("a-brief-program"));
        int millis = BRIEF_RUNS * 5;
        assertThat(all).isBetween(least(millis), 2.0 * millis * MILLI);
        double named = received.nanos(sample -> sample.isIn("brief_work"));
        assertThat(named).isBetween(least(millis), all);
        assertThat(
                        received.nanos(
                                sample ->
                                        sample.isOf("a-brief-program")
                                                && sample.frames().getFirst().kind()
                                                        == FrameKind.KERNEL
                                                && sample.isIn("do_syscall_64")))
                .isPositive();
        // The kernel cuts a thread's name to 15 bytes; that of the program is whole.
        assertThat(labels("a-brief-program", "thread_name")).contains("a-brief-program");
    }

    /// It is returned to at its first byte, one before which is another function or none. Of some
    /// 300 samples the first may be from before the kernel knew the program.
    @Test
    void whatAHandlerOfASignalReturnsToHasItsName() {
        double all = received.nanos(sample -> sample.isIn("handler_work"));
        assertThat(all).isBetween(least(300), 500.0 * MILLI);
        assertThat(
                        received.nanos(
                                sample ->
                                        sample.isIn("handler_work")
                                                && sample.isIn("__restore_rt")
                                                && sample.isIn("main")))
                .isGreaterThan((long) (0.95 * all));
    }

    @Test
    void eachProgramOfAChainHasItsOwnNameAndFunctions() {
        for (String letter : List.of("a", "b", "c")) {
            double all = received.nanos(sample -> sample.isOf("chain-" + letter));
            assertThat(all).as(letter).isBetween(least(300), 500.0 * MILLI);
            double own =
                    received.nanos(
                            sample ->
                                    sample.isOf("chain-" + letter)
                                            && sample.isIn("work_" + letter));
            assertThat(own)
                    .as(letter)
                    .isEqualTo((double) received.nanos(s -> s.isIn("work_" + letter)));
            assertThat(own).as(letter).isGreaterThan(least(300));
        }
    }

    @Test
    void deletedProgramsHaveNames() {
        assertThat((double) received.nanos(sample -> sample.isIn("deleted_work")))
                .isGreaterThan(least(1_000));
        assertThat(received.nanos(sample -> sample.isIn("unlinked_work"))).isPositive();
        assertThat(labels("deleted-before", "service_name")).containsExactly("deleted-before");
    }

    @Test
    void libraryThatIsLoadedLateHasNamesAndABuildId() {
        assertThat(
                        (double)
                                received.nanos(
                                        sample ->
                                                sample.isOf("host") && sample.isIn("plugin_work")))
                .isGreaterThan(least(400));
        List<Frame> frames =
                received.samples().stream()
                        .flatMap(sample -> sample.frames().stream())
                        .filter(frame -> frame.binary().endsWith("/plugin.so"))
                        .toList();
        assertThat(frames).isNotEmpty();
        assertThat(frames).allMatch(frame -> frame.buildId().length() == 40);
    }

    @Test
    void threadsKeepTheirNamesAfterTheFirstThreadHasEnded() {
        assertThat(labels("threads", "thread_name")).contains("alpha-worker", "beta-worker");
        double beta =
                received.nanos(
                        sample ->
                                sample.label("thread_name").equals("beta-worker")
                                        && sample.isIn("thread_work"));
        assertThat(beta).isGreaterThan(least(400));
    }

    @Test
    void kernelThreadsAndKernelFunctionsAreNamed() {
        double kernel =
                received.samples().stream()
                        .flatMap(sample -> sample.frames().stream())
                        .filter(frame -> frame.kind() == FrameKind.KERNEL)
                        .count();
        double named =
                received.samples().stream()
                        .flatMap(sample -> sample.frames().stream())
                        .filter(frame -> frame.kind() == FrameKind.KERNEL)
                        .filter(frame -> !frame.lines().isEmpty())
                        .count();
        assertThat(kernel).isPositive();
        assertThat(named / kernel).isGreaterThan(0.99);
    }

    @Test
    void everySeriesHasServiceExecutableAndNode() {
        assertThat(received.samples())
                .allMatch(sample -> sample.label("node").equals("test-node"))
                .allMatch(sample -> !sample.label("executable").isEmpty())
                .allMatch(
                        sample -> sample.label("service_name").equals(sample.label("executable")));
    }

    /// The least that chance leaves of so much CPU time, and a hypervisor that swallows ticks.
    private static double least(int millis) {
        double nanos = (double) millis * MILLI;
        return nanos * (1 - 0.03 - Chance.ofTime(nanos, HZ));
    }

    private static Set<String> labels(String executable, String name) {
        return received.samples().stream()
                .filter(sample -> sample.isOf(executable))
                .map(sample -> sample.label(name))
                .collect(Collectors.toSet());
    }

    private static long[] numbers(Process process) throws Exception {
        try (BufferedReader out = process.inputReader()) {
            String[] words = out.readLine().split(" ", -1);
            long[] numbers = new long[words.length];
            for (int i = 0; i < words.length; i++) {
                numbers[i] = Long.parseLong(words[i]);
            }
            return numbers;
        }
    }
}
