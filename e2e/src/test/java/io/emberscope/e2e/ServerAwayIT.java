package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A server that is away costs disk, not samples: they come once it is back, also across a restart
/// of the collector, and each once.
class ServerAwayIT {
    private static final String DELIVERED = "emberscope_collector_delivered_samples_total";
    private static final String SPOOLED = "emberscope_collector_spooled_samples";
    private static final String FAILURES = "emberscope_collector_send_failures_total";

    @TempDir Path directory;

    @Test
    void whatWasSampledMeanwhileComesOnceTheServerIsBack() throws Exception {
        Root.assume();
        Path program = CProgram.compile("truth", directory, "burner");
        try (RealStack stack = RealStack.start(directory, 97);
                Child burner =
                        Child.start(
                                directory.resolve("burner.out"),
                                Map.of(),
                                List.of(program.toString(), "600", "1"))) {
            stack.collector()
                    .await(
                            "a window sent",
                            Duration.ofMinutes(2),
                            () -> count(stack, DELIVERED) > 0);
            stack.server().signal("KILL");
            stack.server().await(Duration.ofSeconds(20));
            stack.collector()
                    .await("a window kept", Duration.ofMinutes(2), () -> count(stack, SPOOLED) > 0);

            Farewell first = stack.stopCollector();
            assertThat(first.samplesUnaccounted()).as("%s", first).isZero();
            assertThat(first.nanosUnaccounted()).as("%s", first).isZero();
            assertThat(first.samples().get("spooled")).as("spooled in %s", first).isPositive();

            stack.restartCollector();
            stack.collector()
                    .await("an attempt", Duration.ofMinutes(2), () -> count(stack, FAILURES) > 0);
            stack.restartServer();
            stack.collector()
                    .await(
                            "spool empty",
                            Duration.ofMinutes(2),
                            () -> count(stack, DELIVERED) >= first.samples().get("spooled"));

            burner.kill();
            Farewell second = stack.stopCollector();
            assertThat(second.samplesUnaccounted()).as("%s", second).isZero();
            assertThat(second.samples().get("spooled")).as("spooled in %s", second).isZero();
            assertThat(second.samples().get("restored")).isEqualTo(first.samples().get("spooled"));
            long sent = first.nanos().get("delivered") + second.nanos().get("delivered");
            assertThat(stack.profile("{}").total()).as("stored").isEqualTo(sent);
        }
    }

    private static long count(RealStack stack, String name) {
        try {
            return stack.collectorCounts().sum(name);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
