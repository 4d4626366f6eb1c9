package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.KernelObjects;
import io.emberscope.collector.RunningCollector.Totals;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The server refuses, is gone, comes back; the collector is killed meanwhile.
@Tag("side-by-side")
final class SpoolIT {
    private static final String SPOOLED = "emberscope_collector_spooled_batches";

    @TempDir Path directory;

    @Test
    void whatWasSpooledIsDeliveredOnceInOrderAcrossAKill() throws Exception {
        RunningCollector.assumeRoot();
        Path data = directory.resolve("data");
        int port;
        long spooledSamples;
        try (Sink busy = new Sink();
                RunningCollector collector = RunningCollector.start(data, busy.address())) {
            busy.answer(503);
            port = busy.port();
            collector.awaitMetric(SPOOLED, 1);
            busy.stop();
            collector.awaitMetric(SPOOLED, 2);
            spooledSamples = collector.metric("emberscope_collector_spooled_samples");
            Set<String> objects = KernelObjects.heldBy(collector.pid());
            assertThat(objects).anyMatch(object -> object.startsWith("prog "));
            collector.kill();
            for (String object : objects) {
                KernelObjects.assertGone(object);
            }
            assertThat(busy.arrivals()).isEmpty();
            assertThat(collector.log()).contains("cannot send, will try again");
        }
        try (Sink back = new Sink(port);
                RunningCollector collector = RunningCollector.start(data, back.address())) {
            collector.awaitMetric("emberscope_collector_delivered_samples_total", 1);
            Totals totals = collector.stop();
            assertThat(totals.restored()).isGreaterThanOrEqualTo(spooledSamples).isPositive();
            assertThat(totals.dropped()).isZero();
            assertThat(totals.spooled()).isZero();
            List<String> arrivals = back.arrivals();
            assertThat(arrivals).doesNotHaveDuplicates();
            assertThat(arrivals).first().asString().endsWith("/1/1");
            assertThat(arrivals).element(1).asString().endsWith("/1/2");
            assertThat(arrivals).last().asString().contains("/2/");
            assertThat(arrivals)
                    .extracting(id -> id.substring(0, 32))
                    .containsOnly(arrivals.getFirst().substring(0, 32));
        }
    }

    @Test
    void stoppingWithoutAServerSpoolsWhatIsLeft() throws Exception {
        RunningCollector.assumeRoot();
        try (RunningCollector collector =
                RunningCollector.start(directory.resolve("data2"), "http://127.0.0.1:1")) {
            collector.awaitMetric("emberscope_collector_hits_total{profile=\"process_cpu\"}", 1);
            Totals totals = collector.stop();
            assertThat(totals.delivered()).isZero();
            assertThat(totals.spooled()).isEqualTo(totals.hits()).isPositive();
        }
    }

    @Test
    void secondCollectorWithTheSameDataIsRefused() throws Exception {
        RunningCollector.assumeRoot();
        Path data = directory.resolve("data3");
        try (RunningCollector first = RunningCollector.start(data, "http://127.0.0.1:1")) {
            assertThat(first.pid()).isPositive();
            try (RunningCollector second = RunningCollector.start(data, "http://127.0.0.1:1")) {
                throw new IllegalStateException("started: " + second.pid());
            } catch (AssertionError e) {
                assertThat(e).hasMessageContaining(data.toString());
            }
        }
    }
}
