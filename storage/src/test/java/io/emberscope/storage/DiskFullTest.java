package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Labels;
import io.emberscope.profile.TenantId;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// D6: a full disk is survivable. Whatever write meets it, nothing acknowledged is lost, queries go
/// on, and when there is room again batches are taken without a restart.
class DiskFullTest {
    private static final TenantId ACME = new TenantId("acme");

    @Test
    void anyWriteMayMeetAFullDisk() throws Exception {
        int runs = 0;
        int met = 0;
        for (int n = 1; n <= 150; n += Depth.step(3)) {
            runs++;
            StoreSimulation simulation = new StoreSimulation(n);
            simulation.open();
            simulation.disk.fillAt(n);
            boolean full = false;
            for (int i = 0; i < 40; i++) {
                simulation.append(i % 6 == 5);
                simulation.commit();
                if (i % 5 == 4) {
                    simulation.flush();
                }
                if (!simulation.store.health().writable() && !full) {
                    full = true;
                    simulation.check();
                    CompletableFuture<Appended> refused =
                            simulation.store.append(
                                    ACME,
                                    null,
                                    Batches.one(Labels.EMPTY, Batches.START_MILLIS, 1, "f"));
                    assertThat(simulation.failureOf(refused))
                            .isInstanceOfSatisfying(
                                    NotWritableException.class,
                                    e -> assertThat(e.retryAfter()).isPositive());
                    assertThat(simulation.store.health().reason())
                            .containsAnyOf("No space left", "bytes free");
                }
            }
            met += full ? 1 : 0;
            simulation.disk.makeRoom();
            simulation.tick(1_000);
            assertThat(simulation.store.health().writable()).as("write %d", n).isTrue();
            simulation.append(false);
            simulation.commit();
            assertThat(simulation.sent.getLast().acknowledged).as("write %d", n).isTrue();
            simulation.check();
            if (n % 2 == 0) {
                simulation.powerCut();
            } else {
                simulation.processKill();
            }
            simulation.open();
            simulation.check();
        }
        assertThat(met).isGreaterThan(runs * 2 / 3);
    }

    @Test
    void aStoreOpensOnAFullDiskForQueriesAndRecovers() throws Exception {
        for (int n = 1; n <= 12; n++) {
            StoreSimulation simulation = new StoreSimulation(n);
            simulation.open();
            for (int i = 0; i < 8; i++) {
                simulation.append(false);
                simulation.commit();
            }
            simulation.processKill();
            simulation.disk.fillAt(n);
            simulation.open();
            simulation.check();
            assertThat(simulation.store.health().writable()).as("write %d", n).isFalse();
            simulation.disk.makeRoom();
            simulation.tick(1_000);
            assertThat(simulation.store.health().writable()).isTrue();
            simulation.append(false);
            simulation.commit();
            simulation.powerCut();
            simulation.open();
            simulation.check();
        }
    }

    /// Before the disk is so full that segments could not be written, batches are refused.
    @Test
    void someRoomIsKeptForSegments() throws Exception {
        StoreSimulation simulation = new StoreSimulation(1);
        simulation.options = simulation.options.withFreeBytes(50_000);
        simulation.open();
        simulation.disk.capacity(51_000);
        simulation.append(false);
        simulation.commit();
        simulation.append(false);
        simulation.commit();
        simulation.tick(1_000);
        assertThat(simulation.store.health().reason())
                .matches("disk: [0-9]+ bytes free \\(expected: at least 50000\\)");
        simulation.flush();
        assertThat(simulation.store.status().segments()).isEqualTo(1);
        simulation.check();
        simulation.disk.capacity(500_000);
        simulation.tick(1_000);
        assertThat(simulation.store.health().writable()).isTrue();
    }
}
