package io.emberscope.jmh;

import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.profile.tree.FlameTree;
import io.emberscope.profile.tree.TopTable;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// How long is a flame graph of some minutes of one machine in the making, from what the store
/// keeps to the bytes that the page gets?
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DrawFlameGraphBenchmark {
    private static final int BATCHES = 30;
    private static final int NODES_MAX = 1 << 16;

    private final ScratchStore scratch = new ScratchStore();
    private final TimeRange range =
            TimeRange.ofMillis(
                    scratch.firstMillis(),
                    scratch.firstMillis() + BATCHES * ScratchStore.WINDOW.toMillis());
    private MergedProfile merged =
            new MergedProfile(ProfileType.CPU, 0, 0, List.of(), List.of(), new long[0]);

    /// Makes a store with some minutes in it.
    @Setup(Level.Trial)
    public void fill() throws IOException {
        for (int i = 0; i < BATCHES; i++) {
            scratch.appendNext();
        }
        merged = merge();
        if (merged.total() == 0) {
            throw new IllegalStateException("merged: nothing (expected: the recording)");
        }
    }

    /// Removes the store.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        scratch.close();
    }

    /// The sum by stack.
    @Benchmark
    public MergedProfile merge() throws IOException {
        return scratch.store().merge(TenantId.DEFAULT, ProfileType.CPU, Selector.ALL, range);
    }

    /// The sum, the tree and its encoding: what a request costs but for HTTP.
    @Benchmark
    public byte[] mergeAndDraw() throws IOException {
        return FlameTree.of(merge(), NODES_MAX).encode();
    }

    /// From the sum to the table of functions.
    @Benchmark
    public TopTable top() {
        return TopTable.of(merged);
    }
}
