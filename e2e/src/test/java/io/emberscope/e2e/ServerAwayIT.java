package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A server that is away costs disk, not samples: they come once it is back, also across a restart
/// of the collector, and each once.
class ServerAwayIT {
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
                                List.of(program.toString(), "40", "1"))) {
            TimeUnit.SECONDS.sleep(12);
            stack.server().signal("KILL");
            stack.server().await(Duration.ofSeconds(20));
            TimeUnit.SECONDS.sleep(15);

            Farewell first = stack.stopCollector();
            assertThat(first.samplesUnaccounted()).as("%s", first).isZero();
            assertThat(first.nanosUnaccounted()).as("%s", first).isZero();
            assertThat(first.samples().get("spooled")).as("spooled in %s", first).isPositive();

            stack.restartCollector();
            TimeUnit.SECONDS.sleep(2);
            stack.restartServer();
            assertThat(burner.await(Duration.ofMinutes(5))).isZero();
            stack.collector()
                    .await(
                            "spool empty",
                            Duration.ofMinutes(2),
                            () -> restored(stack) >= first.samples().get("spooled"));

            Farewell second = stack.stopCollector();
            assertThat(second.samplesUnaccounted()).as("%s", second).isZero();
            assertThat(second.samples().get("spooled")).as("spooled in %s", second).isZero();
            assertThat(second.samples().get("restored")).isEqualTo(first.samples().get("spooled"));
            long sent = first.nanos().get("delivered") + second.nanos().get("delivered");
            assertThat(stack.profile("{}").total()).as("stored").isEqualTo(sent);
        }
    }

    private static long restored(RealStack stack) {
        try {
            return stack.collectorCounts().sum("emberscope_collector_delivered_samples_total");
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
