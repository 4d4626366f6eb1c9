package io.emberscope.jmh;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.symbolizer.BinaryKey;
import io.emberscope.symbolizer.NamedPlace;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.SourceOpener;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.SymbolFiles;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
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

/// How long does it take an agent to name a place in a large binary, and to read its symbols first?
/// The binary is this JVM's own library; the places are those that samples of a JVM hit.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class FindFunctionBenchmark {
    private static final String BINARY = "libjvm.so";
    private static final Path LIBRARY =
            Path.of(System.getProperty("java.home"), "lib/server", BINARY);
    private static final int PLACES = 1024;

    private final LocalDisk disk = new LocalDisk();
    private Path directory = Path.of("");
    private BinaryKey key = new BinaryKey.FileIdentity(0, 0, 0, 0);
    private SymbolCache cache = cache(directory);
    private long[] offsets = new long[PLACES];

    /// Makes the binary's symbol file and takes the places from the recording.
    @Setup(Level.Trial)
    public void open() throws IOException {
        directory = Files.createTempDirectory(Path.of(""), "bench");
        cache = cache(directory);
        try (ByteSource source = PathSource.open(LIBRARY)) {
            key = new BinaryKey.BuildId(ElfFile.open(source).buildId().orElseThrow());
        }
        offsets = placesInBinary(Recording.batch());
        find();
    }

    private SymbolCache cache(Path where) {
        Metrics metrics = new Metrics();
        SymbolFiles files =
                new SymbolFiles(
                        where,
                        disk,
                        SymbolFiles.Limits.OF_AGENT,
                        metrics,
                        line -> {
                            throw new IllegalStateException(line);
                        });
        return new SymbolCache(files, SymbolCache.Limits.OF_AGENT, System::nanoTime, metrics);
    }

    private static SourceOpener.Opened library() throws IOException {
        return new SourceOpener.Opened(PathSource.open(LIBRARY), true);
    }

    /// Removes the symbol file.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        cache.close();
        delete(directory);
    }

    private void delete(Path path) throws IOException {
        for (Path below : disk.list(path)) {
            delete(below);
        }
        disk.delete(path);
    }

    /// From a file offset to the function's name and its address, as they are in the symbol file.
    @Benchmark
    @OperationsPerInvocation(PLACES)
    public int find() {
        int named = 0;
        for (long offset : offsets) {
            NamedPlace place = cache.find(key, offset, FindFunctionBenchmark::library, true);
            named += place.name() == null ? 0 : 1;
        }
        return named;
    }

    /// What a binary costs that is seen for the first time: its symbol file is made.
    @Benchmark
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public void prepare() throws IOException {
        Path fresh = directory.resolve("fresh");
        try (SymbolCache cold = cache(fresh)) {
            cold.prepare(key, FindFunctionBenchmark::library);
            if (!cold.isPrepared(key)) {
                throw new IllegalStateException("prepare: nothing (expected: a symbol file)");
            }
        }
        delete(fresh);
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
