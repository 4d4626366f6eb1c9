package io.emberscope.collector.naming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.KernelSymbolStream;
import io.emberscope.symbolizer.kernel.KernelFiles;
import io.emberscope.symbolizer.kernel.KernelFrame;
import io.emberscope.symbolizer.kernel.KernelSymbols;
import io.emberscope.symbolizer.kernel.RunningKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Names of the running kernel in whatever way it shows them, and of BPF programs that came later.
class KernelNamesIT {
    private static final Path RESTRICT = Path.of("/proc/sys/kernel/kptr_restrict");
    private static final Path SYMBOLS = Path.of("/proc/kallsyms");
    private static final String HIDDEN = "2";
    private static final KernelFiles FILES = KernelFiles.ofThisHost();

    private final Thread restoring = new Thread(this::restore);
    private String restrict = "";

    @BeforeEach
    void showAddresses() throws Exception {
        assumeThat(Files.isWritable(RESTRICT)).isTrue();
        restrict = Files.readString(RESTRICT).strip();
        Runtime.getRuntime().addShutdownHook(restoring);
        Files.writeString(RESTRICT, "0");
    }

    @AfterEach
    void putBack() {
        if (!restrict.isEmpty()) {
            restore();
            Runtime.getRuntime().removeShutdownHook(restoring);
        }
    }

    private void restore() {
        try {
            Files.writeString(RESTRICT, restrict);
        } catch (IOException e) {
            throw new AssertionError("kptr_restrict stays changed", e);
        }
    }

    private static KernelSymbolStream never() {
        throw new AssertionError("addresses are shown");
    }

    private static void assumeThatSymbolsCanBeIterated() {
        int major = Integer.parseInt(System.getProperty("os.version").split("\\.", 2)[0]);
        assumeThat(major).as("Linux %d", major).isGreaterThanOrEqualTo(6);
    }

    @Test
    void hiddenAddressesAreThoseThatAreShownOtherwise() throws Exception {
        assumeThatSymbolsCanBeIterated();
        KernelSymbols shown = KernelSymbols.read(FILES, KernelNamesIT::never);
        assertThat(shown.size()).isGreaterThan(10_000);
        List<String> lines = Files.readAllLines(SYMBOLS);
        Files.writeString(RESTRICT, HIDDEN);
        assertThat(Files.readAllLines(SYMBOLS)).allMatch(line -> line.startsWith("00000000"));
        KernelSymbols told = KernelSymbols.read(FILES, KernelSymbolStream::open);
        Files.writeString(RESTRICT, restrict);
        assertThat(told.whyEmpty()).isEmpty();
        assertThat(told.textStart()).isEqualTo(shown.textStart());
        int compared = 0;
        for (String line : lines) {
            String[] words = line.split("[ \t]", -1);
            // Programs of others come and go meanwhile.
            if (words.length == 3 && "tTwW".contains(words[1])) {
                long address = Long.parseUnsignedLong(words[0], 16);
                assertThat(told.frame(address + 1)).as(line).isEqualTo(shown.frame(address + 1));
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(10_000);
        System.out.printf(
                "kernel symbols: %d of %d told by BPF, %d places compared%n",
                told.size(), shown.size(), compared);
    }

    @Test
    void aBpfProgramThatCameLaterIsNamed() throws Exception {
        assumeThatSymbolsCanBeIterated(); // the program is the one that does it
        namesWhatCameLater();
    }

    @Test
    void alsoWhereAddressesAreHidden() throws Exception {
        assumeThatSymbolsCanBeIterated();
        Files.writeString(RESTRICT, HIDDEN);
        namesWhatCameLater();
    }

    private void namesWhatCameLater() throws Exception {
        long[] now = {0};
        Metrics metrics = new Metrics();
        RunningKernel kernel =
                new RunningKernel(FILES, KernelSymbolStream::open, () -> now[0], metrics);
        assertThat(kernel.whyEmpty()).isEmpty();
        // Something unknown was asked for again and again before.
        for (int second = 0; second < 1000; second++) {
            now[0] += TimeUnit.SECONDS.toNanos(1);
            assertThat(kernel.frame(42).function()).isEmpty();
        }
        try (KernelSymbolStream program = KernelSymbolStream.open()) {
            assertThat(program.read()).isPositive();
            long address = addressOfProgram();
            // Enough also if one of another collector was there before.
            now[0] += TimeUnit.MINUTES.toNanos(10);
            KernelFrame frame = kernel.frame(address + 8);
            assertThat(frame.function()).matches("bpf_prog_[0-9a-f]{16}_kernel_symbols");
            assertThat(frame.binary()).isEqualTo("[bpf]");
            assertThat(frame.offset()).isEqualTo(8);
        }
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_kernel_failed_readings_total 0\n");
    }

    /// Of the one that an open stream has in the kernel; the highest, as others may have theirs.
    private static long addressOfProgram() throws IOException, BpfException {
        String restrict = Files.readString(RESTRICT);
        Files.writeString(RESTRICT, "0");
        try {
            Optional<String> line =
                    Files.readAllLines(SYMBOLS).stream()
                            .filter(symbol -> symbol.endsWith("_kernel_symbols\t[bpf]"))
                            .reduce((_, last) -> last);
            assertThat(line).isPresent();
            return Long.parseUnsignedLong(line.get().substring(0, 16), 16);
        } finally {
            Files.writeString(RESTRICT, restrict);
        }
    }
}
