package io.emberscope.jmh;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.symbols.Place;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/// How long does it take to find function, inlined functions and lines of a place in a symbol file
/// of a million rows? Of places that are asked for again and again, and of others.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class FindPlaceBenchmark {
    private static final int PLACES = 1024;

    /// As an agent may have.
    private static final long MEMORY_SMALL_BYTES = 512 << 10;

    private static final long MEMORY_LARGE_BYTES = 64 << 20;

    private final Place place = new Place();
    private final long[] places = new long[PLACES];
    private final Random random = new Random(2);
    private Path path = Path.of("");
    private SymbolFile small;
    private SymbolFile large;

    /// Makes the file.
    public FindPlaceBenchmark() {
        try {
            path = Files.createTempFile(Path.of(""), "bench", ".symbols");
            MadeUpCode.write(path);
            small = open(MEMORY_SMALL_BYTES);
            large = open(MEMORY_LARGE_BYTES);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private SymbolFile open(long memoryBytes) throws IOException {
        return SymbolFile.open(PathSource.open(path), "bench", new SymbolMemory(memoryBytes));
    }

    /// Chooses places.
    @Setup(Level.Trial)
    public void choose() {
        for (int i = 0; i < PLACES; i++) {
            places[i] = anywhere();
        }
    }

    private long anywhere() {
        return MadeUpCode.ADDRESS + random.nextLong(MadeUpCode.BYTES);
    }

    /// Removes the file.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        small.close();
        large.close();
        Files.deleteIfExists(path);
    }

    /// What is asked for is in memory.
    @Benchmark
    @OperationsPerInvocation(PLACES)
    public void findAgain(Blackhole hole) throws IOException {
        for (long address : places) {
            hole.consume(large.find(address, place));
        }
    }

    /// Hardly anything is.
    @Benchmark
    public boolean findAnywhere() throws IOException {
        return small.find(anywhere(), place);
    }
}
