package io.emberscope.base.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MetricsTest {
    private final Metrics metrics = new Metrics();

    @Test
    void textHasTypeHelpAndEscapedLabels() {
        metrics.counter("drops_total", "Samples dropped.", "reason", "a\"b\\c\nd").add(3);
        metrics.gauge("queue_bytes", "Bytes waiting.", () -> 1.5);
        assertThat(metrics.text())
                .isEqualTo(
                        """
                        # HELP drops_total Samples dropped.
                        # TYPE drops_total counter
                        drops_total{reason="a\\"b\\\\c\\nd"} 3
                        # HELP queue_bytes Bytes waiting.
                        # TYPE queue_bytes gauge
                        queue_bytes 1.5
                        """);
    }

    @Test
    void oneNameAndLabelsAreOneCounter() {
        metrics.counter("x_total", "X.", "a", "1").increment();
        metrics.counter("x_total", "X.", "a", "1").increment();
        assertThat(metrics.counter("x_total", "X.", "a", "1").value()).isEqualTo(2);
    }

    @Test
    void aNameHasOneKind() {
        metrics.counter("x_total", "X.");
        assertThatThrownBy(() -> metrics.gauge("x_total", "X.", () -> 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
