package io.emberscope.symbolizer.kernel;

import io.emberscope.base.metrics.Metrics;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The running kernel's functions, read anew as modules and BPF programs come and go.
///
/// Reading takes the kernel and us some ten milliseconds each, so it happens only when an address
/// is not known, or is in code that may have been replaced, and not too often: each reading that
/// was of no use makes the next one wait longer, unless it is for an address that nobody asked for
/// before. Not safe for use by several threads.
public final class RunningKernel {
    /// An unknown address is looked for in a new reading if the last is older.
    static final long UNKNOWN_NANOS_MIN = TimeUnit.SECONDS.toNanos(30);

    /// ... and no later than this, however often that was of no use.
    static final long UNKNOWN_NANOS_MAX = TimeUnit.HOURS.toNanos(1);

    /// A function outside the kernel proper is believed for this long: BPF programs are replaced by
    /// others at the same address.
    static final long MODULE_NANOS_MIN = TimeUnit.MINUTES.toNanos(1);

    /// ... and no longer than this, however often it was still the same.
    static final long MODULE_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

    /// Unknown addresses that are remembered.
    private static final int LOST_MAX = 1024;

    private static final int PAGE_SHIFT = 12;

    private final KernelFiles files;
    private final SymbolText hidden;
    private final LongSupplier nanoTime;
    private final Metrics.Counter readings;
    private final Metrics.Counter failures;
    private volatile KernelSymbols symbols;
    private long readAt;
    private long unknownNanos = UNKNOWN_NANOS_MIN;
    private long moduleNanos = MODULE_NANOS_MIN;

    /// Pages with addresses for which a reading was of no use. Others may be in what came since.
    private final Set<Long> lost = new HashSet<>();

    /// Reads the symbols for the first time. That this failed is said by [#whyEmpty].
    ///
    /// @param hidden where addresses are if the files hide them
    /// @param nanoTime monotonic
    public RunningKernel(
            KernelFiles files, SymbolText hidden, LongSupplier nanoTime, Metrics metrics) {
        this.files = files;
        this.hidden = hidden;
        this.nanoTime = nanoTime;
        this.readings =
                metrics.counter(
                        "emberscope_symbolizer_kernel_readings_total",
                        "Times the kernel's symbols were read.");
        this.failures =
                metrics.counter(
                        "emberscope_symbolizer_kernel_failed_readings_total",
                        "Times the kernel's symbols could not be read or were hidden.");
        symbols = KernelSymbols.none("kernel symbols: not read yet", "");
        read();
        metrics.gauge(
                "emberscope_symbolizer_kernel_functions",
                "Functions of the kernel, its modules and BPF programs that are known.",
                () -> symbols.size());
        metrics.gauge(
                "emberscope_symbolizer_kernel_bytes",
                "Memory that the kernel's symbols take.",
                () -> symbols.bytes());
    }

    /// The place at `address`; see [KernelSymbols#frame]. May read the symbols anew.
    public KernelFrame frame(long address) {
        KernelFrame frame = symbols.frame(address);
        long age = nanoTime.getAsLong() - readAt;
        if (frame.function().isEmpty()) {
            long page = address >>> PAGE_SHIFT;
            if (age < (lost.contains(page) ? unknownNanos : UNKNOWN_NANOS_MIN)) {
                return frame;
            }
            read();
            KernelFrame again = symbols.frame(address);
            if (!again.function().isEmpty()) {
                unknownNanos = UNKNOWN_NANOS_MIN;
            } else {
                unknownNanos = Math.min(2 * unknownNanos, UNKNOWN_NANOS_MAX);
                if (lost.size() >= LOST_MAX) {
                    lost.clear();
                }
                lost.add(page);
            }
            return again;
        }
        if (age >= moduleNanos && !frame.binary().equals(KernelFrame.KERNEL)) {
            read();
            KernelFrame again = symbols.frame(address);
            moduleNanos =
                    again.equals(frame)
                            ? Math.min(2 * moduleNanos, MODULE_NANOS_MAX)
                            : MODULE_NANOS_MIN;
            return again;
        }
        return frame;
    }

    /// Why no function is known, and what to do; empty if some are.
    public Optional<String> whyEmpty() {
        return symbols.whyEmpty();
    }

    /// The symbols as they were read last.
    public KernelSymbols symbols() {
        return symbols;
    }

    /// Reads the symbols anew. If that fails, what was known stays known.
    private void read() {
        readAt = nanoTime.getAsLong();
        readings.increment();
        try {
            KernelSymbols found = KernelSymbols.read(files, hidden);
            if (found.whyEmpty().isPresent()) {
                failures.increment();
            }
            if (found.size() > 0 || symbols.size() == 0) {
                symbols = found;
            }
        } catch (IOException e) {
            failures.increment();
            if (symbols.size() == 0) {
                symbols = KernelSymbols.none("kernel symbols: " + e, files.buildId().orElse(""));
            }
        }
    }
}
