package io.emberscope.jmh;

import java.io.IOException;
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

/// How long does it take to write some minutes of one machine as a segment, forces included?
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class WriteSegmentBenchmark {
    private static final int BATCHES = 30;

    private ScratchStore scratch = new ScratchStore();

    /// Fills a store.
    @Setup(Level.Invocation)
    public void fill() {
        for (int i = 0; i < BATCHES; i++) {
            scratch.appendNext();
        }
    }

    /// Puts an empty store in its place.
    @TearDown(Level.Invocation)
    public void empty() throws IOException {
        scratch.close();
        scratch = new ScratchStore();
    }

    /// Removes the last store.
    @TearDown(Level.Trial)
    public void remove() throws IOException {
        scratch.close();
    }

    /// Turns memory into a segment.
    @Benchmark
    public void write() throws IOException {
        scratch.store().close();
    }
}
