package io.emberscope.jmh;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/// How long does it take to name a place in a large binary, and to read its symbols first? The
/// binary is this JVM's own library; the places are those that samples of a JVM hit.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class FindFunctionBenchmark {
    private static final String BINARY = "libjvm.so";
    private static final int FUNCTIONS_MAX = 1 << 20;
    private static final int PLACES = 1024;

    private ByteSource source = new io.emberscope.base.bytes.ArraySource(new byte[0]);
    private FunctionTable table = FunctionTable.empty();
    private long[] offsets = new long[PLACES];

    /// Opens the binary and takes the places from the recording.
    @Setup(Level.Trial)
    public void open() throws IOException {
        source = PathSource.open(Path.of(System.getProperty("java.home"), "lib/server", BINARY));
        table = FunctionTable.read(ElfFile.open(source), FUNCTIONS_MAX);
        offsets = placesInBinary(Recording.batch());
    }

    /// Closes the binary.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        source.close();
    }

    /// From a file offset to the function.
    @Benchmark
    @OperationsPerInvocation(PLACES)
    public void find(Blackhole hole) {
        for (long offset : offsets) {
            hole.consume(table.indexOf(offset));
        }
    }

    /// From a file offset to the function's name, which is read from the file.
    @Benchmark
    @OperationsPerInvocation(PLACES)
    public void findAndName(Blackhole hole) throws IOException {
        for (long offset : offsets) {
            int index = table.indexOf(offset);
            if (index >= 0) {
                hole.consume(table.name(index, source));
            }
        }
    }

    /// What a binary costs that is seen for the first time.
    @Benchmark
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public FunctionTable readTable() throws IOException {
        return FunctionTable.read(ElfFile.open(source), FUNCTIONS_MAX);
    }

    /// Offsets in the order in which samples hit them, over and over until there are enough.
    private static long[] placesInBinary(ProfileBatch batch) {
        LongStream.Builder hit = LongStream.builder();
        for (Profile profile : batch.profiles()) {
            for (int stack : profile.stacks()) {
                for (int frame : batch.stacks().get(stack)) {
                    Frame at = batch.frames().get(frame);
                    if (at.binary().endsWith(BINARY)) {
                        hit.add(at.offset());
                    }
                }
            }
        }
        long[] recorded = hit.build().toArray();
        if (recorded.length == 0) {
            throw new IllegalStateException("recording: no frame of " + BINARY);
        }
        long[] places = new long[PLACES];
        for (int i = 0; i < PLACES; i++) {
            places[i] = recorded[i % recorded.length];
        }
        return places;
    }
}
