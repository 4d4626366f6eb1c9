package io.emberscope.jmh;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.ElfSymbols;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// How many rows or symbols a second does a symbol file take, forces included, and how many bytes
/// has it for them? The results named `things` and `bytes` say so; bytes by things are what one
/// takes.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class WriteSymbolsBenchmark {
    private static final int FUNCTIONS_MAX = 1 << 20;

    /// Written, which JMH divides by time.
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Written {
        /// Rows or symbols.
        public long things;

        /// Of the files.
        public long bytes;
    }

    /// Debug information of a large program, made up.
    @Benchmark
    public void rows(Written written) throws IOException {
        Path target = Files.createTempFile(Path.of(""), "bench", ".symbols");
        MadeUpCode.write(target);
        written.things += MadeUpCode.ROWS;
        written.bytes += Files.size(target);
        Files.delete(target);
    }

    /// The symbols of this JVM's own library, read from its file.
    @Benchmark
    public void symbols(Written written) throws IOException {
        Path library = Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");
        Path target = Files.createTempFile(Path.of(""), "bench", ".symbols");
        try (ByteSource source = PathSource.open(library)) {
            ElfFile file = ElfFile.open(source);
            try (SymbolFileWriter writer =
                    new SymbolFileWriter(new LocalDisk(), target, "", SymbolLimits.OF_SERVER)) {
                ElfSymbols.tell(file, FUNCTIONS_MAX, writer);
                writer.finish();
            }
        }
        try (SymbolFile made =
                SymbolFile.open(PathSource.open(target), "bench", new SymbolMemory(1 << 20))) {
            written.things += made.symbols();
            written.bytes += made.bytes();
        }
        Files.delete(target);
    }
}
