package io.emberscope.jmh;

import io.emberscope.symbolizer.demangle.Demangler;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/// How long does it take to demangle the name of a function? The names are such as C++ and Rust
/// have, short and long, and one that is not mangled.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DemangleNamesBenchmark {
    private static final int NAMES = 8;

    private static final String[] RAW = {
        "memcpy",
        "_ZN4llvm9MemorySSAC1ERNS_8FunctionEPNS_9AAResultsEPNS_13DominatorTreeE",
        "_ZNSt6vectorIiSaIiEE9push_backEOi",
        "_ZNSt3mapISsSt4pairIiSsESt4lessISsESaIS1_EE4findERKSs",
        "_ZN2v88internal12_GLOBAL__N_13fooIZNS0_1A3barEvEUliE_EEvT_",
        "_ZNK13ZStatWorkers5statsEv.constprop.0",
        "_RNvMs_NtCsbEht8wFNRx7_5alloc3vecINtB4_3VecNtNtB6_6string6StringE7reserveCsAPcyATrFO_3v0t",
        "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
    };

    @Benchmark
    @OperationsPerInvocation(NAMES)
    public void full(Blackhole names) {
        demangle(Demangler.Mode.FULL, names);
    }

    @Benchmark
    @OperationsPerInvocation(NAMES)
    public void simplified(Blackhole names) {
        demangle(Demangler.Mode.SIMPLIFIED, names);
    }

    private static void demangle(Demangler.Mode mode, Blackhole names) {
        for (String raw : RAW) {
            names.consume(Demangler.demangle(raw, mode));
        }
    }
}
