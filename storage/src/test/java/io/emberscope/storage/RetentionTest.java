package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final Duration DAY = Duration.ofDays(1);

    private static StoreSimulation store(Duration age, long bytes) throws Exception {
        StoreSimulation simulation = new StoreSimulation(3);
        simulation.options = simulation.options.withRetention(age, bytes);
        simulation.open();
        return simulation;
    }

    private static void segment(StoreSimulation simulation) {
        simulation.append(false);
        simulation.commit();
        simulation.flush();
    }

    @Test
    void segmentsGoWhenTheyAreTooOld() throws Exception {
        StoreSimulation simulation = store(DAY.multipliedBy(3), 1L << 40);
        for (int day = 0; day < 6; day++) {
            segment(simulation);
            simulation.tick(DAY.toMillis());
        }
        assertThat(simulation.store.status().segments()).isEqualTo(3);
        assertThat(simulation.metrics.text())
                .contains("emberscope_storage_segments_deleted_total{reason=\"age\"} 3");
        assertThat(simulation.disk.list(StoreSimulation.DIRECTORY.resolve("segments"))).hasSize(3);
    }

    @Test
    void theOldestGoWhenAllTogetherAreTooLarge() throws Exception {
        StoreSimulation simulation = store(DAY, 1L << 40);
        segment(simulation);
        long one = simulation.store.status().segmentBytes();
        simulation.powerCut();
        simulation.options = simulation.options.withRetention(DAY, 4 * one);
        simulation.open();
        for (int i = 0; i < 12; i++) {
            segment(simulation);
            assertThat(simulation.store.status().segmentBytes()).isLessThanOrEqualTo(5 * one);
        }
        assertThat(simulation.store.status().segments()).isBetween(2, 5);
        assertThat(simulation.metrics.text()).contains("deleted_total{reason=\"size\"}");
    }

    /// Its name says where the log goes on, and its state which batches are stored.
    @Test
    void theNewestSegmentStays() throws Exception {
        StoreSimulation simulation = store(Duration.ofMinutes(1), 1);
        segment(simulation);
        segment(simulation);
        simulation.tick(DAY.toMillis());
        assertThat(simulation.store.status().segments()).isEqualTo(1);
        simulation.sent.getFirst().acknowledged = false;
        simulation.powerCut();
        simulation.open();
        simulation.check();
        StoreSimulation.Sent last = simulation.sent.getLast();
        if (last.id != null) {
            var again = simulation.store.append(last.tenant, last.id, last.batch);
            simulation.store.commitWaiting();
            assertThat(again).isCompletedWithValue(Appended.DUPLICATE);
        }
    }

    /// D9: whatever the wall clock says, while it runs or between two runs, nothing is deleted
    /// before it has been stored for as long as it should, less the day that one downtime may
    /// count.
    @Test
    void aWallClockThatLiesDeletesNothing() throws Exception {
        List<Instant> lies =
                List.of(
                        Instant.EPOCH,
                        Instant.parse("2100-01-01T00:00:00Z"),
                        Instant.parse("2026-11-26T00:00:00Z"),
                        Instant.parse("2026-11-24T23:00:00Z"),
                        Instant.parse("2026-11-24T00:00:00Z"),
                        Instant.parse("2026-11-25T01:00:00Z"));
        StoreSimulation simulation = store(DAY.multipliedBy(14), 1L << 40);
        segment(simulation);
        for (Instant lie : lies) {
            simulation.wall = lie;
            segment(simulation);
            simulation.append(false);
            simulation.commit();
            simulation.tick(1_000);
            simulation.check();
        }
        assertThat(simulation.store.status().segments()).isEqualTo(7);
        // Each restart may age the data by a day at most, so ten of them do not reach fourteen.
        for (int i = 0; i < 10; i++) {
            simulation.wall = lies.get(i % lies.size());
            if (i % 2 == 0) {
                simulation.powerCut();
            } else {
                simulation.processKill();
            }
            simulation.open();
            simulation.tick(1_000);
            simulation.check();
        }
        assertThat(simulation.store.health().writable()).isTrue();
    }

    /// A query keeps the files that it reads.
    @Test
    void aSegmentThatIsReadIsDeletedAfterwards() throws Exception {
        StoreSimulation simulation = store(Duration.ofHours(1), 1L << 40);
        segment(simulation);
        segment(simulation);
        var held = simulation.store.holdForTest();
        simulation.tick(DAY.toMillis());
        assertThat(simulation.store.status().segments()).isEqualTo(1);
        assertThat(simulation.disk.list(StoreSimulation.DIRECTORY.resolve("segments"))).hasSize(2);
        held.close();
        simulation.tick(1_000);
        assertThat(simulation.disk.list(StoreSimulation.DIRECTORY.resolve("segments"))).hasSize(1);
    }
}
