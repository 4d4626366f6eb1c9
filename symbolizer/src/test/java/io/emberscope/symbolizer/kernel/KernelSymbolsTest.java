package io.emberscope.symbolizer.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelSymbolsTest {
    private static final long TEXT = 0xffffffff81000000L;
    private static final String USUAL =
            """
            0000000000000000 A fixed_percpu_data
            ffffffff81000000 T _stext
            ffffffff81000000 T _text
            ffffffff81000100 t __pfx_do_idle
            ffffffff81000110 t do_idle
            ffffffff81000200 W weak_one
            ffffffff81000200 t local_one
            ffffffff81000300 T zz
            ffffffff81000300 T aa
            ffffffff81000300 T longer
            ffffffff81000380 D some_data
            ffffffff81000400 T _etext
            ffffffff82000000 D __start_rodata
            ffffffff83000000 T _sinittext
            ffffffff83000100 T _einittext
            ffffffffc0202000 t second\t[mod_a]
            ffffffffc0201000 t first\t[mod_a]
            ffffffffc0203000 t lonely\t[mod_b]
            ffffffffc0500000 t bpf_prog_6deef7357e7b4530_sd\t[bpf]
            """;

    @TempDir Path directory;
    private KernelFiles files;

    @BeforeEach
    void writeFiles() throws Exception {
        files =
                new KernelFiles(
                        directory.resolve("kallsyms"),
                        directory.resolve("modules"),
                        directory.resolve("notes"),
                        directory.resolve("module"));
        Files.writeString(files.symbols(), USUAL);
        Files.writeString(
                files.modules(),
                """
                mod_a 16384 1 mod_b, Live 0xffffffffc0200000 (OE)
                mod_b 16384 0 - Live 0xffffffffc0203000
                """);
        Files.write(files.notes(), note("abcdef"));
        Path notes = directory.resolve("module/mod_a/notes");
        Files.createDirectories(notes);
        Files.write(notes.resolve(".note.gnu.build-id"), note("0a0b"));
    }

    private static byte[] note(String hex) {
        byte[] id = HexFormat.of().parseHex(hex);
        ByteBuffer out = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
        out.putInt(4).putInt(id.length).putInt(3).put(new byte[] {'G', 'N', 'U', 0}).put(id);
        return out.array();
    }

    private KernelFrame at(long address) throws Exception {
        return KernelSymbols.read(files, KernelSymbolsTest::nowhere).frame(address);
    }

    private static KernelFrame kernel(long offset, String function) {
        return new KernelFrame("[kernel]", "abcdef", offset, function);
    }

    @Test
    void aPlaceInTheKernelIsItsDistanceFromTheStartOfText() throws Exception {
        assertThat(at(TEXT)).isEqualTo(kernel(0, "_text"));
        assertThat(at(TEXT + 0x10f)).isEqualTo(kernel(0x10f, "__pfx_do_idle"));
        assertThat(at(TEXT + 0x110)).isEqualTo(kernel(0x110, "do_idle"));
        assertThat(at(TEXT + 0x200)).isEqualTo(kernel(0x200, "weak_one"));
        assertThat(at(TEXT + 0x3ff)).isEqualTo(kernel(0x3ff, "aa"));
        assertThat(at(TEXT + 0x2000010)).isEqualTo(kernel(0x2000010, "_sinittext"));
    }

    @Test
    void whatIsNoCodeIsNotKnown() throws Exception {
        for (long address : new long[] {0, 42, TEXT - 1, TEXT + 0x400, TEXT + 0x1000000, -1}) {
            assertThat(at(address)).isEqualTo(new KernelFrame("[kernel]", "", address, ""));
        }
        assertThat(at(TEXT + 0x2000100).function()).isEmpty();
    }

    @Test
    void aPlaceInAModuleIsItsDistanceFromTheModulesBase() throws Exception {
        assertThat(at(0xffffffffc0201fffL))
                .isEqualTo(new KernelFrame("[mod_a]", "0a0b", 0x1fff, "first"));
        assertThat(at(0xffffffffc0202001L))
                .isEqualTo(new KernelFrame("[mod_a]", "0a0b", 0x2001, "second"));
        assertThat(at(0xffffffffc0203004L)).isEqualTo(new KernelFrame("[mod_b]", "", 4, "lonely"));
        // The last function of a module is believed for 64 KiB.
        assertThat(at(0xffffffffc0212fffL).function()).isEqualTo("lonely");
        assertThat(at(0xffffffffc0213000L).function()).isEmpty();
    }

    @Test
    void aPlaceInABpfProgramIsItsDistanceFromTheProgramsStart() throws Exception {
        assertThat(at(0xffffffffc0500123L))
                .isEqualTo(new KernelFrame("[bpf]", "", 0x123, "bpf_prog_6deef7357e7b4530_sd"));
    }

    @Test
    void modulesBelowTheKernelAreFoundToo() throws Exception {
        Files.writeString(
                files.symbols(),
                """
                ffff800080000000 T _text
                ffff800080000010 T _stext
                ffff800081000000 T _etext
                ffff80007a000000 t low\t[mod_a]
                """);
        Files.writeString(files.modules(), "mod_a 1 0 - Live 0xffff80007a000000\n");
        assertThat(at(0xffff80007a000008L).function()).isEqualTo("low");
        assertThat(at(0xffff80007a000008L).offset()).isEqualTo(8);
        assertThat(at(0xffff800080000018L)).isEqualTo(kernel(0x18, "_stext"));
    }

    private static InputStream nowhere() throws IOException {
        throw new IOException("through BPF: EPERM");
    }

    @Test
    void hiddenAddressesAreReadInAnotherWay() throws Exception {
        Files.writeString(files.symbols(), USUAL.replaceAll("(?m)^[0-9a-f]{16}", "0".repeat(16)));
        byte[] text = USUAL.getBytes(StandardCharsets.US_ASCII);
        KernelSymbols symbols = KernelSymbols.read(files, () -> new ByteArrayInputStream(text));
        Files.writeString(files.symbols(), USUAL);
        KernelSymbols shown = KernelSymbols.read(files, KernelSymbolsTest::nowhere);
        assertThat(symbols.whyEmpty()).isEmpty();
        assertThat(symbols.size()).isEqualTo(shown.size());
        assertThat(symbols.frame(TEXT + 1)).isEqualTo(shown.frame(TEXT + 1));
    }

    @Test
    void hiddenAddressesAreSaidToBeHidden() throws Exception {
        Files.writeString(files.symbols(), USUAL.replaceAll("(?m)^[0-9a-f]{16}", "0".repeat(16)));
        KernelSymbols symbols = KernelSymbols.read(files, KernelSymbolsTest::nowhere);
        assertThat(symbols.size()).isZero();
        assertThat(symbols.whyEmpty().orElseThrow())
                .matches(
                        "kernel symbols: every address in .* is zero \\(expected: CAP_SYSLOG or root,"
                                + " and the sysctl kernel.kptr_restrict at 0 or 1\\); nor through"
                                + " BPF: EPERM");
        assertThat(symbols.frame(TEXT)).isEqualTo(KernelFrame.unknown(TEXT));
        assertThat(symbols.buildId()).isEqualTo("abcdef");
    }

    @Test
    void aKernelWithoutSymbolsIsSaidToHaveNone() throws Exception {
        Files.writeString(files.symbols(), "");
        assertThat(KernelSymbols.read(files, KernelSymbolsTest::nowhere).whyEmpty().orElseThrow())
                .contains("CONFIG_KALLSYMS");
        Files.writeString(files.symbols(), "ffffffff81000380 D some_data\n");
        assertThat(KernelSymbols.read(files, KernelSymbolsTest::nowhere).whyEmpty().orElseThrow())
                .contains("no function");
    }

    @Test
    void linesThatNoKernelWritesAreRefusedByNumber() throws Exception {
        assertRefused("x", "kernel symbols line 1: address (expected: 1..16 hexadecimal digits)");
        assertRefused(
                "ffffffff81000000 T a\nffffffff81000000\n",
                "kernel symbols line 2: type (expected: one letter)");
        assertRefused(
                "ffffffff81000000 T\n",
                "kernel symbols line 1: name (expected: at least one byte)");
        assertRefused(
                "fffffffff81000000 T a\n",
                "kernel symbols line 1: address (expected: 1..16 hexadecimal digits)");
        assertRefused(
                "ffffffff81000000 T \0_text\n",
                "kernel symbols line 1: name (expected: no control characters)");
        assertRefused(
                "ffffffff81000000 T a mod\n",
                "kernel symbols line 1: module (expected: 1..64 bytes in brackets)");
        assertRefused(
                "1 T " + "a".repeat(5000) + "\n",
                "kernel symbols line 1: a line (expected: at most 4096 bytes)");
        assertRefused(
                "1 T " + "a".repeat(100_000),
                "kernel symbols line 0: a line (expected: at most 4096 bytes)");
    }

    private void assertRefused(String text, String message) throws Exception {
        Files.writeString(files.symbols(), text);
        assertThatThrownBy(() -> KernelSymbols.read(files, KernelSymbolsTest::nowhere))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    @Test
    void moduleNamesNeverBecomePaths() throws Exception {
        Path elsewhere = directory.resolve("elsewhere/notes");
        Files.createDirectories(elsewhere);
        Files.write(elsewhere.resolve(".note.gnu.build-id"), note("bad0"));
        Files.writeString(files.symbols(), "ffffffff81000000 T a\t[../elsewhere]\n");
        Files.writeString(files.modules(), "../elsewhere 1 0 - Live 0xffffffff81000000\n");
        assertThat(at(TEXT + 1)).isEqualTo(new KernelFrame("[../elsewhere]", "", 1, "a"));
    }

    @Test
    void aRunningKernelIsReadAnewWhenItMayHaveChangedButNotTooOften() throws Exception {
        Metrics metrics = new Metrics();
        long[] now = {-5};
        RunningKernel kernel =
                new RunningKernel(files, KernelSymbolsTest::nowhere, () -> now[0], metrics);
        long fresh = 0xffffffffc0700000L;
        assertThat(kernel.frame(fresh).function()).isEmpty();
        Files.writeString(files.symbols(), USUAL + "ffffffffc0700000 t fresh\t[bpf]\n");
        assertThat(kernel.frame(fresh).function()).isEmpty();
        now[0] += TimeUnit.SECONDS.toNanos(30);
        assertThat(kernel.frame(fresh).function()).isEqualTo("fresh");

        // Readings of no use come at longer and longer intervals: an hour has room for six.
        long readings = readings(metrics);
        for (int second = 0; second < 3600; second++) {
            now[0] += TimeUnit.SECONDS.toNanos(1);
            kernel.frame(42);
        }
        assertThat(readings(metrics) - readings).isEqualTo(6);

        // But what came meanwhile is known soon, however many were of no use.
        long later = 0xffffffffc0800000L;
        String loaded = USUAL + "ffffffffc0700000 t fresh\t[bpf]\n";
        Files.writeString(files.symbols(), loaded + "ffffffffc0800000 t later\t[mod_x]\n");
        now[0] += TimeUnit.SECONDS.toNanos(30);
        assertThat(kernel.frame(later + 4).function()).isEqualTo("later");

        // A program that was replaced by another at the same place is noticed, if late where
        // nothing had changed for long.
        for (int minute = 0; minute < 30; minute++) {
            now[0] += TimeUnit.MINUTES.toNanos(1);
            assertThat(kernel.frame(fresh).function()).isEqualTo("fresh");
        }
        Files.writeString(files.symbols(), USUAL + "ffffffffc0700000 t third\t[bpf]\n");
        now[0] += TimeUnit.MINUTES.toNanos(10);
        assertThat(kernel.frame(fresh).function()).isEqualTo("third");
        Files.writeString(files.symbols(), USUAL + "ffffffffc0700000 t other\t[bpf]\n");
        now[0] += TimeUnit.MINUTES.toNanos(1);
        assertThat(kernel.frame(fresh).function()).isEqualTo("other");

        // What was known stays known if it cannot be read any more.
        Files.delete(files.symbols());
        now[0] += TimeUnit.HOURS.toNanos(2);
        assertThat(kernel.frame(fresh).function()).isEqualTo("other");
        assertThat(kernel.whyEmpty()).isEmpty();
    }

    @Test
    void aKernelThatCannotBeReadSaysWhy() throws Exception {
        Files.delete(files.symbols());
        RunningKernel kernel =
                new RunningKernel(files, KernelSymbolsTest::nowhere, () -> 0, new Metrics());
        assertThat(kernel.whyEmpty().orElseThrow())
                .startsWith("kernel symbols: ")
                .contains("kallsyms");
        assertThat(kernel.symbols().buildId()).isEqualTo("abcdef");
    }

    private static long readings(Metrics metrics) {
        return metrics.counter("emberscope_symbolizer_kernel_readings_total", "").value();
    }
}
