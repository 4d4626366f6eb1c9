package io.emberscope.symbolizer.jit;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PerfMapReaderTest {
    private final JitCode code = new JitCode(new JitMemory(8 << 20), 8 << 20);
    private final PerfMapReader reader = new PerfMapReader(code);

    private void read(String text) throws IOException {
        assertThat(reader.read(new ArraySource(text.getBytes(StandardCharsets.UTF_8)))).isFalse();
    }

    private @Nullable String at(long address) {
        JitFrame frame = code.find(address, 0);
        return frame == null ? null : frame.function();
    }

    @Test
    void linesAreRangesWithNames() throws IOException {
        read("7f00 10 LazyCompile:~f /a b.js:1\n7F10 8 Ünï\n0x7f20 0x8 g\r\n");
        assertThat(at(0x7f0f)).isEqualTo("LazyCompile:~f /a b.js:1");
        assertThat(at(0x7f10)).isEqualTo("Ünï");
        assertThat(at(0x7f27)).isEqualTo("g");
        assertThat(at(0x7f28)).isNull();
        assertThat(reader.passedOver()).isZero();
    }

    @Test
    void aFileThatGrowsIsReadFromWhereItEnded() throws IOException {
        String text = "100 10 first\n110 10 second\n100 8 again\n";
        for (int length = 0; length <= text.length(); length++) {
            read(text.substring(0, length));
            assertThat(at(0x110) != null)
                    .isEqualTo(length >= "100 10 first\n110 10 second\n".length());
        }
        assertThat(at(0x100)).isEqualTo("again");
        assertThat(at(0x108)).isEqualTo("first");
        assertThat(reader.passedOver()).isZero();
    }

    @Test
    void aFileThatIsShorterBeginsAnew() throws IOException {
        read("100 10 first\n110 10 second\n");
        read("200 10 other\n");
        assertThat(at(0x100)).isNull();
        assertThat(at(0x200)).isEqualTo("other");
    }

    @Test
    void whatIsNoLineIsPassedOver() throws IOException {
        for (String line :
                List.of(
                        "",
                        "no line",
                        "100",
                        "100 10",
                        "100 10 ",
                        " 100 10 f",
                        "xyz 10 f",
                        "100 g f",
                        "11112222333344445 10 f",
                        "0x 10 f",
                        "-1 10 f")) {
            PerfMapReader one = new PerfMapReader(code);
            one.read(new ArraySource((line + "\n300 10 last\n").getBytes(StandardCharsets.UTF_8)));
            assertThat(one.passedOver()).as(line).isEqualTo(line.isEmpty() ? 0 : 1);
        }
        assertThat(code.size()).isEqualTo(1);
        assertThat(at(0x300)).isEqualTo("last");
    }

    @Test
    void longNamesAreCutAndControlCharactersReplaced() throws IOException {
        read("100 10 " + "x".repeat(5000) + "\n200 10 a\u001b[2Jb\n");
        assertThat(at(0x100)).isEqualTo("x".repeat(1024) + "…");
        assertThat(at(0x200)).isEqualTo("a\ufffd[2Jb");
    }

    @Test
    void linesWithoutAnEndAreNone() throws IOException {
        byte[] endless = new byte[1 << 20];
        Arrays.fill(endless, (byte) 'x');
        reader.read(new ArraySource(endless));
        byte[] ended = Arrays.copyOf(endless, endless.length + 20);
        byte[] rest = "y\n100 10 after\nunfin".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(rest, 0, ended, endless.length, rest.length);
        reader.read(new ArraySource(Arrays.copyOf(ended, endless.length + rest.length)));
        assertThat(at(0x100)).isEqualTo("after");
        assertThat(reader.passedOver()).isEqualTo(1);
    }

    @Test
    void oneCallReadsSoMuchAtMost() throws IOException {
        byte[] large = new byte[40 << 20];
        Arrays.fill(large, (byte) '\n');
        byte[] last = "100 10 last\n".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(last, 0, large, large.length - last.length, last.length);
        ArraySource file = new ArraySource(large);
        int calls = 1;
        while (reader.read(file)) {
            calls++;
        }
        assertThat(calls).isEqualTo(3);
        assertThat(at(0x100)).isEqualTo("last");
    }
}
