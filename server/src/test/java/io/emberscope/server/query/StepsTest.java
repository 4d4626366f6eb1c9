package io.emberscope.server.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.storage.query.TimeRange;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepsTest {
    @ParameterizedTest
    @CsvSource({
        "PT1S, PT10S",
        "PT15M, PT10S",
        "PT1H, PT20S",
        "PT6H, PT2M",
        "P1D, PT10M",
        "P7D, PT1H",
        "P30D, PT3H",
        "P365D, P2D",
        "P80000D, P334D"
    })
    void theDefaultGivesAboutAScreenOfPoints(Duration span, Duration step) throws Exception {
        TimeRange range = new TimeRange(Instant.EPOCH, Instant.EPOCH.plus(span));
        assertThat(Steps.of("", range)).isEqualTo(step);
        assertThat(span.dividedBy(step)).isLessThanOrEqualTo(240);
        assertThat(step.toSeconds() % 10).as("a part of a window").isZero();
    }
}
