package io.emberscope.server.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeTextTest {
    private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");

    @ParameterizedTest
    @CsvSource({
        "now, 2026-11-25T12:00:00Z",
        "now-15m, 2026-11-25T11:45:00Z",
        "now-1h30m, 2026-11-25T10:30:00Z",
        "now+500ms, 2026-11-25T12:00:00.500Z",
        "now-1w2d, 2026-11-16T12:00:00Z",
        "0, 1970-01-01T00:00:00Z",
        "1767225600000, 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z, 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456789Z, 2026-01-01T00:00:00.123456789Z",
        "2026-01-01T02:00:00+02:00, 2026-01-01T00:00:00Z"
    })
    void momentsAreRead(String text, Instant moment) throws Exception {
        assertThat(TimeText.moment("from", text, NOW)).isEqualTo(moment);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "yesterday",
                "now-",
                "now-15",
                "now--15m",
                "now-15m ",
                "NOW",
                "-1",
                "1.5",
                "9999999999999999",
                "999999999999999",
                "2026-01-01",
                "2026-01-01T00:00:00",
                "2026-13-01T00:00:00Z",
                "now-999999999w",
                "now-1s1s1s1s1s1s1s",
                "+1000000-01-01T00:00:00Z"
            })
    void otherTextIsRefused(String text) {
        assertThatThrownBy(() -> TimeText.moment("from", text, NOW))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageMatching("from: \".*\" \\(expected: .*\\)");
    }

    @ParameterizedTest
    @CsvSource({"10s, PT10S", "1h30m, PT1H30M", "2d, PT48H", "0s, PT0S", "90ms, PT0.09S"})
    void durationsAreRead(String text, Duration duration) throws Exception {
        assertThat(TimeText.duration("step", text)).isEqualTo(duration);
    }
}
