package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Closing while others are at work: they finish or are refused, and nothing is left over.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class CloseIT {
    private static final int ROUNDS = 100;

    private static final SideBandHandler IGNORE = new IgnoringHandler();

    @Test
    void closingAnythingAtAnyMomentIsSafe() throws Exception {
        int before = -1;
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (int round = 0; round < ROUNDS; round++) {
                Sampler sampler =
                        Sampler.open(new SamplerOptions(9_999, EventKind.CPU_CLOCK, 65_536));
                SideBand sideBand = SideBand.open(new SideBandOptions(65_536));
                CyclicBarrier start = new CyclicBarrier(5);
                List<Callable<Integer>> work =
                        List.of(
                                () -> repeat(start, () -> sampler.poll(_ -> {})),
                                () -> repeat(start, sampler::counters),
                                () ->
                                        repeat(
                                                start,
                                                () -> sampler.await(Duration.ofHours(1), sideBand)),
                                () -> repeat(start, () -> sideBand.poll(IGNORE)),
                                () -> {
                                    start.await();
                                    Thread.sleep(Duration.ofMillis(5));
                                    sideBand.close();
                                    sampler.close();
                                    return 1;
                                });
                List<Future<Integer>> results = new ArrayList<>();
                for (Callable<Integer> task : work) {
                    results.add(threads.submit(task));
                }
                for (Future<Integer> result : results) {
                    try {
                        assertThat(result.get()).isPositive();
                    } catch (ExecutionException e) {
                        throw new AssertionError("round " + round, e.getCause());
                    }
                }
                if (round == 10) {
                    before = openDescriptors();
                }
            }
        }
        assertThat(openDescriptors()).isEqualTo(before);
    }

    /// Calls until it is refused because of the close.
    private static int repeat(CyclicBarrier start, Callable<?> call) throws Exception {
        start.await();
        int calls = 0;
        while (true) {
            calls++;
            try {
                call.call();
            } catch (IllegalStateException e) {
                assertThat(e).hasMessageContaining("closed (expected: open)");
                return calls;
            }
        }
    }

    private static int openDescriptors() throws Exception {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.count();
        }
    }

    private static final class IgnoringHandler implements SideBandHandler {
        @Override
        public void mmap(Mapping mapping) {}

        @Override
        public void comm(long timeNanos, int pid, int tid, byte[] comm, boolean exec) {}

        @Override
        public void fork(long timeNanos, int pid, int parentPid, int tid, int parentTid) {}

        @Override
        public void exit(long timeNanos, int pid, int parentPid, int tid, int parentTid) {}

        @Override
        public void cgroup(long timeNanos, long id, byte[] path) {}

        @Override
        public void lost(long timeNanos, long count) {}
    }
}
