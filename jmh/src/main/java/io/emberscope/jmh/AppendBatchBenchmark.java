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

/// How long does one agent wait until its batch is durable: log, fsync and memory?
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class AppendBatchBenchmark {
    private ScratchStore scratch = new ScratchStore();

    /// Opens another store for each iteration, as it fills.
    @Setup(Level.Iteration)
    public void open() throws IOException {
        scratch.close();
        scratch = new ScratchStore();
    }

    /// Removes the last one.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        scratch.close();
    }

    /// One batch, one sender.
    @Benchmark
    public void append() {
        scratch.appendNext();
    }
}
