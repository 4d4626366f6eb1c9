package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.emberscope.bpf.SamplerOptions;
import io.emberscope.profile.CutMark;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A memory budget far too small for what runs: quality falls step by step, each step is counted
/// and said, nothing else breaks, what the kernel charges stays within the budget, and quality is
/// back when there is room again, also if a control group has the budget as its limit.
final class MemoryIT {
    /// More than the least that is taken, for tables and mappings: room for two of the programs.
    private static final long MORE_MIB = 6;

    private static final int HZ = 97;
    private static final double LAST_NANOS = 3e9;

    private static final int WIDE = 6;
    private static final int MAPPED = 12;
    private static final int MAPPINGS = 15_000;
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final String SENT = "emberscope_collector_send_attempts_total";
    private static final String LOADED = "emberscope_collector_unwind_tables_loaded_total";
    private static final String REFUSED = "emberscope_collector_unwind_processes_refused_total";

    @TempDir private Path directory;

    @Test
    void qualityFallsStepByStepAndComesBack() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        List<Path> wide = new ArrayList<>();
        for (int i = 0; i < WIDE; i++) {
            wide.add(programs.compile("wide", "wide" + i, "-fomit-frame-pointer", "-DID=" + i));
        }
        Path last = programs.compile("wide", "wide-last", "-fomit-frame-pointer", "-DID=99");
        Path chaos = programs.compile("chaos", "chaos", "-pthread");
        long budget = RunningCollector.leastMemoryMiB() + MORE_MIB;
        List<Process> running = new ArrayList<>();
        try (TestGroup group = TestGroup.create();
                Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                group.enter(),
                                directory.resolve("data"),
                                sink.address(),
                                "--memory=" + budget + "MiB")) {
            assertThat(collector.metric("emberscope_collector_memory_budget_bytes"))
                    .isEqualTo(budget << 20);
            try {
                for (Path program : wide) {
                    running.add(CPrograms.start(program, 600));
                }
                await(group, collector, quality("frame_pointers"));
                await(group, collector, ended("table_no_room"));
                assertThat(collector.metric("emberscope_collector_unwind_tables_refused_total"))
                        .isPositive();
                assertThat(collector.metric(ended("mappings_no_room"))).isZero();
                System.out.println("memory: at the first step " + charged(group, collector));

                for (int i = 0; i < MAPPED; i++) {
                    running.add(CPrograms.start(chaos, "maps", MAPPINGS, 600));
                }
                await(group, collector, quality("leaf_only"));
                await(group, collector, ended("mappings_no_room"));
                assertThat(collector.metric(REFUSED + "{reason=\"no_room\"}")).isPositive();
                System.out.println("memory: at the second step " + charged(group, collector));
                group.limit(budget << 20);
                long sent = collector.metric(SENT);
                await(group, collector, SENT, sent + 1);
                System.out.println("memory: with a limit " + charged(group, collector));
            } finally {
                for (Process process : running) {
                    process.destroyForcibly();
                    process.onExit().join();
                }
            }
            await(group, collector, quality("whole"));
            // That nobody waits for room does not say yet that there is some: the first to want it
            // may have to wait until what the others left was given up.
            long loaded = collector.metric(LOADED);
            Process first = CPrograms.start(Files.copy(last, directory.resolve("first")), 600);
            try {
                await(group, collector, LOADED, loaded + 1);
                await(group, collector, quality("whole"));
            } finally {
                first.destroyForcibly().waitFor();
            }
            long before = System.currentTimeMillis() * 1_000_000;
            CPrograms.finish(CPrograms.start(last, 3));
            System.out.println("memory: afterwards " + charged(group, collector));
            assertThat(collector.metric("emberscope_collector_memory_group_bytes"))
                    .isBetween(20L << 20, budget << 20);
            assertThat(group.kills()).isZero();
            RunningCollector.Totals totals = collector.stop();
            System.out.println("memory: " + totals);
            assertThat(totals.dropped()).isLessThan(Math.max(20, totals.hits() / 100));
            assertThat(collector.log())
                    .contains("goes by frame pointers")
                    .contains("innermost frame only")
                    .contains("fit again");
            Received received = sink.received();
            assertThat(cuts(received, "no room for unwind table")).isPositive();
            assertThat(cuts(received, "mappings left out")).isPositive();
            check(received, before);
        }
    }

    @Test
    void theMapsTakeNoMoreThanTheBudgetSays() throws Exception {
        RunningCollector.assumeRoot();
        try (LiveSampler live = new LiveSampler(SamplerOptions.Unwinding.TABLES, 97)) {
            MemoryBudget budget = live.budget();
            long maps = live.programStats().memoryBytes() - budget.ring();
            System.out.printf("memory: maps %d, budget %s%n", maps, budget);
            // That of waits is made when these are sampled: 88 bytes of each thread.
            assertThat(maps + 88 * 32_768).isLessThan(budget.maps());
        }
    }

    /// The last program was sampled for all of its time, and its stacks are whole.
    private static void check(Received received, long afterNanos) {
        List<Received.Sample> samples =
                received.samples().stream().filter(sample -> sample.isOf("wide-last")).toList();
        long all = samples.stream().mapToLong(Received.Sample::nanos).sum();
        long whole =
                samples.stream()
                        .filter(sample -> sample.isIn("main") && sample.isIn("wide_inner"))
                        .mapToLong(Received.Sample::nanos)
                        .sum();
        System.out.printf("memory: afterwards %d of %d ns whole%n", whole, all);
        double chance = Chance.ofTime(LAST_NANOS, HZ);
        assertThat(all / LAST_NANOS).isCloseTo(1, within(0.05 + chance));
        assertThat(whole).isGreaterThan(all / 100 * 95);
        assertThat(samples).allMatch(sample -> sample.startNanos() > afterNanos - 30_000_000_000L);
    }

    private static long cuts(Received received, String reason) {
        return received.nanos(
                sample ->
                        !sample.frames().isEmpty()
                                && CutMark.reason(sample.frames().getLast())
                                        .filter(reason::equals)
                                        .isPresent());
    }

    private static String quality(String step) {
        return "emberscope_collector_stack_quality{step=\"" + step + "\"}";
    }

    private static String ended(String end) {
        return "emberscope_collector_user_stacks_total{end=\"" + end + "\"}";
    }

    private static String charged(TestGroup group, RunningCollector collector) throws Exception {
        group.look(collector);
        return mb(collector.metric("emberscope_collector_memory_group_bytes"))
                + " MB charged, page cache "
                + mb(collector.metric("emberscope_collector_memory_group_cache_bytes"))
                + ", other at most "
                + mb(group.most().get())
                + "; tables and mappings "
                + mb(collector.metric("emberscope_collector_unwind_bytes"));
    }

    private static double mb(long bytes) {
        return Math.round(bytes / 1e5) / 10.0;
    }

    private static void await(TestGroup group, RunningCollector collector, String metric)
            throws Exception {
        await(group, collector, metric, 1);
    }

    /// Waits until a metric reaches a value, with an eye on what is charged.
    private static void await(
            TestGroup group, RunningCollector collector, String metric, long value)
            throws Exception {
        long start = System.nanoTime();
        while (collector.metric(metric) < value) {
            group.look(collector);
            assertThat(System.nanoTime() - start)
                    .as("time until %s is %d; %s", metric, value, collector.log())
                    .isLessThan(WAIT_NANOS);
            Thread.sleep(100);
        }
    }
}
