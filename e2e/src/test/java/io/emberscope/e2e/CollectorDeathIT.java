package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.KernelObjects;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A collector that is killed leaves nothing behind in the kernel, and the next one goes on.
class CollectorDeathIT {
    private static final int ROUNDS = Integer.getInteger("rounds.collector", 3);

    @TempDir Path directory;

    @Test
    void killedItLeavesNoProgramMapOrEvent() throws Exception {
        Root.assume();
        try (RealStack stack = RealStack.start(directory, 97)) {
            for (int round = 0; round < ROUNDS; round++) {
                long pid = stack.collector().pid();
                Set<String> objects = KernelObjects.heldBy(pid);
                assertThat(objects)
                        .as("of %d", pid)
                        .anyMatch(object -> object.startsWith("prog "))
                        .anyMatch(object -> object.startsWith("map "));
                for (String object : objects) {
                    assertThat(KernelObjects.exists(object)).as(object).isTrue();
                }
                assertThat(KernelObjects.perfEventsOf(pid)).isPositive();

                stack.collector().signal("KILL");
                stack.collector().await(Duration.ofSeconds(20));

                for (String object : objects) {
                    KernelObjects.assertGone(object);
                }
                stack.restartCollector();
            }
            // What a killed one had not sent is gone with it, but the last one owes all.
            assertThat(stack.stopCollector().samplesUnaccounted()).isZero();
        }
    }
}
