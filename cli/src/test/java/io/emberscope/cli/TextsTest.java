package io.emberscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextsTest {
    @ParameterizedTest
    @CsvSource({
        "0,nanoseconds,0ns",
        "999,nanoseconds,999ns",
        "1000,nanoseconds,1.00us",
        "1500000,nanoseconds,1.50ms",
        "12345678,nanoseconds,12.3ms",
        "123456789,nanoseconds,123ms",
        "1234567890,nanoseconds,1.23s",
        "59400000000,nanoseconds,59.4s",
        "59900000000,nanoseconds,1m00s",
        "61000000000,nanoseconds,1m01s",
        "3599600000000,nanoseconds,1h00m",
        "7260000000000,nanoseconds,2h01m",
        "0,bytes,0B",
        "1023,bytes,1023B",
        "1536,bytes,1.50KiB",
        "1073741824,bytes,1.00GiB",
        "999,count,999",
        "12345,count,12.3k",
        "9223372036854775807,count,9223P"
    })
    void amountsHaveThreeDigits(long value, String unit, String text) {
        assertThat(Texts.amount(value, unit)).isEqualTo(text);
    }

    @Test
    void whatIsCutOfAPathIsItsBeginning() {
        assertThat(Texts.fitEnd("/src/a.c:7", 10)).isEqualTo("/src/a.c:7");
        assertThat(Texts.fitEnd("/src/\ud83d\udd25.c:7", 6)).isEqualTo("…\ud83d\udd25.c:7");
        assertThat(Texts.fitEnd("/src/a.c:7", 1)).isEqualTo("…");
    }

    @Test
    void sharesHaveOneDigitAfterThePoint() {
        assertThat(Texts.percent(1, 3)).isEqualTo("33.3%");
        assertThat(Texts.percent(3, 3)).isEqualTo("100.0%");
        assertThat(Texts.percent(0, 0)).isEqualTo("0.0%");
    }

    @Test
    void whatATerminalWouldObeyIsNotPassedOn() {
        assertThat(Texts.printable("a\u001b[2Jb\nc\u0007\u202e\u2028\u009bd"))
                .isEqualTo("a\ufffd[2Jb\ufffdc\ufffd\ufffd\ufffd\ufffdd");
        assertThat(Texts.printable("std::vector<ö, 日本>::push 😀"))
                .isEqualTo("std::vector<ö, 日本>::push 😀");
    }

    @Test
    void longNamesAreCutAndMarked() {
        assertThat(Texts.fit("abcdef", 6)).isEqualTo("abcdef");
        assertThat(Texts.fit("abcdefg", 6)).isEqualTo("abcde…");
        assertThat(Texts.fit("😀😀😀", 2)).isEqualTo("😀…");
        assertThat(Texts.fit("abc", 0)).isEqualTo("…");
    }
}
