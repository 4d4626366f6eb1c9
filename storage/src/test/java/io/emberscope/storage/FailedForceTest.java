package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/// D5: a failed force is believed. What was acknowledged before it stays, nothing is acknowledged
/// after it until the process is restarted, and health says why.
class FailedForceTest {
    @Test
    void nothingIsAcknowledgedAfterAnyFailedForce() throws Exception {
        int runs = 0;
        int failedWhileRunning = 0;
        for (int n = 1; n <= 200; n += Depth.step(3)) {
            for (boolean powerCut : Depth.both(n)) {
                runs++;
                StoreSimulation simulation = new StoreSimulation(n);
                simulation.open();
                simulation.disk.failForce(n);
                for (int i = 0; i < 80; i++) {
                    simulation.append(i % 5 == 4);
                    // The ledger fails this if it is acknowledged after a failed force.
                    simulation.commit();
                    if (i % 7 == 6) {
                        simulation.flush();
                    }
                }
                boolean failed = !simulation.store.health().writable();
                if (failed) {
                    failedWhileRunning++;
                    assertThat(simulation.store.health().reason())
                            .as("force %d", n)
                            .matches("(log|segment) failed: .*Input/output error .*restart.*");
                    assertThat(simulation.metrics.text()).contains("emberscope_storage_writable 0");
                    simulation.check();
                    // Room is not what is missing, so time does not mend it.
                    simulation.disk.makeRoom();
                    simulation.tick(600_000);
                    assertThat(simulation.store.health().writable()).isFalse();
                }
                simulation.end(powerCut);
                simulation.open();
                simulation.check();
                assertThat(simulation.store.health().writable()).as("force %d", n).isTrue();
                simulation.append(false);
                simulation.commit();
                assertThat(simulation.sent.getLast().acknowledged).isTrue();
                simulation.powerCut();
                simulation.open();
                simulation.check();
            }
        }
        assertThat(failedWhileRunning).isEqualTo(runs);
    }

    /// While it opens, too: the store then answers queries and takes nothing.
    @Test
    void aForceThatFailsWhileOpeningLeavesAReadableStore() throws Exception {
        int readOnly = 0;
        int refused = 0;
        for (int n = 1; n <= 40; n++) {
            StoreSimulation simulation = new StoreSimulation(n);
            simulation.open();
            for (int i = 0; i < 6; i++) {
                simulation.append(false);
                simulation.commit();
            }
            simulation.processKill();
            simulation.disk.failForce(n);
            try {
                simulation.open();
            } catch (IOException e) {
                // Directories that cannot be made durable are no place for a store.
                assertThat(e).hasMessageContaining("Input/output error");
                refused++;
                continue;
            }
            simulation.check();
            if (!simulation.store.health().writable()) {
                readOnly++;
                simulation.append(false);
                simulation.commit();
                assertThat(simulation.sent.getLast().acknowledged).isFalse();
            }
            simulation.powerCut();
            simulation.open();
            simulation.check();
        }
        assertThat(readOnly).isGreaterThan(5);
        assertThat(refused).isPositive();
    }

    @Test
    void aDirectoryThatIsInUseIsNotOpened() throws Exception {
        StoreSimulation simulation = new StoreSimulation(1);
        simulation.open();
        assertThat(catchThrowable(simulation::open))
                .hasMessageContaining("in use by another process");
    }
}
