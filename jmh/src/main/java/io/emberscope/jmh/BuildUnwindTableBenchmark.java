package io.emberscope.jmh;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.unwind.BuildMemory;
import io.emberscope.symbolizer.unwind.UnwindBlock;
import io.emberscope.symbolizer.unwind.UnwindTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// How many rows a second are an unwind table built with, from a file that is in memory? The result
/// named `rows` says so; the other, how many tables. Other binaries than this JVM's own library are
/// given as paths: `-p binary=/usr/bin/node,/usr/lib/x86_64-linux-gnu/libc.so.6`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class BuildUnwindTableBenchmark {
    private static final String THIS_JVM = "libjvm.so";
    private static final int BLOCK_WORDS_MAX = (1 << 18) - 1024;

    /// The binary.
    @Param(THIS_JVM)
    public String binary = THIS_JVM;

    private ByteSource source = new ArraySource(new byte[0]);

    /// Rows built, which JMH divides by time.
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Built {
        /// So many.
        public long rows;
    }

    /// Opens the binary.
    @Setup(Level.Trial)
    public void open() throws IOException {
        source =
                PathSource.open(
                        binary.equals(THIS_JVM)
                                ? Path.of(System.getProperty("java.home"), "lib/server", THIS_JVM)
                                : Path.of(binary));
    }

    /// Closes it.
    @TearDown(Level.Trial)
    public void close() throws IOException {
        source.close();
    }

    /// What a binary costs that a stack leads through for the first time.
    @Benchmark
    public UnwindTable build(Built built) throws IOException {
        try (BuildMemory memory = new BuildMemory.Pool(1L << 30).open()) {
            UnwindTable table = UnwindTable.read(ElfFile.open(source), memory, BLOCK_WORDS_MAX);
            for (UnwindBlock block : table.blocks()) {
                built.rows += block.rows();
            }
            return table;
        }
    }
}
