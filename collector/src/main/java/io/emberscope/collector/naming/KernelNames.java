package io.emberscope.collector.naming;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.KernelSymbolStream;
import io.emberscope.symbolizer.kernel.KernelFiles;
import io.emberscope.symbolizer.kernel.RunningKernel;
import io.emberscope.symbolizer.vdso.Vdso;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Names of the kernel's functions and of the code it maps into every process. Read when they are
/// needed first: that takes a tenth of a second, and sampling should begin before. Not safe for use
/// by several threads.
public final class KernelNames {
    private final LongSupplier monotonicNanos;
    private final Metrics metrics;
    private final Consumer<String> log;
    private @Nullable RunningKernel kernel;
    private @Nullable Vdso vdso;
    private boolean vdsoRead;

    /// @param log takes one sentence about each thing an operator should know
    public KernelNames(LongSupplier monotonicNanos, Metrics metrics, Consumer<String> log) {
        this.monotonicNanos = monotonicNanos;
        this.metrics = metrics;
        this.log = log;
    }

    RunningKernel kernel() {
        RunningKernel known = kernel;
        if (known == null) {
            known =
                    new RunningKernel(
                            KernelFiles.ofThisHost(),
                            KernelSymbolStream::open,
                            monotonicNanos,
                            metrics);
            kernel = known;
            known.whyEmpty().ifPresent(log);
        }
        return known;
    }

    @Nullable Vdso vdso() {
        if (!vdsoRead) {
            vdsoRead = true;
            try {
                vdso = Vdso.ofThisProcess().orElse(null);
            } catch (IOException e) {
                log.accept("no names for the vdso: " + e.getMessage());
            }
        }
        return vdso;
    }
}
