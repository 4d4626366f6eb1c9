package io.emberscope.jmh;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.OtlpDecoder;
import io.emberscope.profile.otlp.OtlpEncoder;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// How long does the server take to read one batch of an agent, and the agent to write it?
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DecodeOtlpBenchmark {
    private final byte[] otlp = Recording.otlp();
    private final ProfileBatch batch = Recording.batch();

    /// The server's side.
    @Benchmark
    public ProfileBatch decode() throws MalformedInputException {
        return OtlpDecoder.decode(otlp, IngestLimits.DEFAULT);
    }

    /// The agent's side.
    @Benchmark
    public byte[] encode() {
        return OtlpEncoder.encode(batch);
    }
}
