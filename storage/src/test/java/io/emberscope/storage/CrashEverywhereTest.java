package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.SimulatedCrash;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// D7: a crash in each single operation on the disk of a life with appends, segments, deletion of
/// logs and segments, restart and replay: afterwards everything is old or new, never both, and what
/// was acknowledged is there, unless retention was to delete it.
class CrashEverywhereTest {
    private static final int SOURCES = 5;

    /// One life of a store. The same for the same seed up to where it crashes.
    ///
    /// @param crashAt in which operation it crashes
    private static void live(StoreSimulation simulation, long crashAt) throws Exception {
        simulation.disk.crashAt(crashAt);
        simulation.open();
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < 3; i++) {
                simulation.append(i == 2);
                simulation.commit();
            }
            simulation.flush();
        }
        simulation.append(false);
        simulation.commit();
        simulation.processKill();
        simulation.disk.crashAt(crashAt - simulation.disk.operations());
        simulation.open();
        simulation.append(false);
        simulation.commit();
        simulation.store.close();
        simulation.collect();
    }

    @Test
    void aCrashInAnyOperationLosesAndDoublesNothing() throws Exception {
        StoreSimulation whole = new StoreSimulation(1);
        live(whole, Long.MAX_VALUE);
        long operations = whole.disk.operations();
        assertThat(operations).as("a life with much to do").isGreaterThan(250);
        int crashes = 0;
        for (long n = 1; n <= operations; n++) {
            for (boolean powerCut : Depth.both(n)) {
                StoreSimulation simulation = new StoreSimulation(1);
                try {
                    live(simulation, n);
                } catch (SimulatedCrash e) {
                    crashes++;
                    simulation.collect();
                }
                simulation.end(powerCut);
                simulation.open();
                simulation.check();
                simulation.powerCut();
                simulation.open();
                simulation.check();
                assertNoRemains(simulation);
            }
        }
        assertThat(crashes).isEqualTo((int) operations * (Depth.isLong() ? 2 : 1));
    }

    /// While retention deletes: a segment is there whole or not at all, and nothing is left of it.
    @Test
    void aCrashWhileSegmentsAreDeletedLeavesWholeOnes() throws Exception {
        for (int n = 1; n <= 60; n++) {
            for (boolean powerCut : Depth.both(n)) {
                StoreSimulation simulation = new StoreSimulation(2);
                simulation.options =
                        simulation.options.withRetention(Duration.ofHours(1), 1L << 40);
                simulation.open();
                for (int round = 0; round < 4; round++) {
                    simulation.append(false);
                    simulation.commit();
                    simulation.flush();
                }
                simulation.disk.crashAt(n);
                try {
                    simulation.tick(Duration.ofHours(2).toMillis());
                } catch (SimulatedCrash e) {
                    // what this test is about
                }
                simulation.end(powerCut);
                simulation.open();
                int left = simulation.store.status().segments();
                assertThat(left).as("operation %d", n).isBetween(1, 4);
                assertThat(simulation.store.health().warnings()).isEmpty();
                // The deleted ones are the oldest, so the stored ones are the newest.
                simulation.sent.subList(0, 4 - left).forEach(one -> one.acknowledged = false);
                simulation.check();
                assertNoRemains(simulation);
                simulation.append(false);
                simulation.commit();
                simulation.powerCut();
                simulation.open();
                simulation.sent.forEach(one -> one.seen = false);
                simulation.check();
            }
        }
    }

    /// While segments are merged: the old ones are there or the new one, and a sample is counted
    /// once.
    @Test
    void aCrashInAMergeLeavesOldOrNew() throws Exception {
        StoreSimulation whole = new StoreSimulation(3);
        fill(whole);
        long start = whole.disk.operations();
        mergeAll(whole);
        long operations = whole.disk.operations() - start;
        assertThat(operations).as("a merge with much to do").isGreaterThan(80);
        int old = 0;
        int merged = 0;
        for (long n = 1; n <= operations; n++) {
            for (boolean powerCut : Depth.both(n)) {
                StoreSimulation simulation = new StoreSimulation(3);
                fill(simulation);
                simulation.disk.crashAt(n);
                try {
                    mergeAll(simulation);
                } catch (SimulatedCrash e) {
                    // what this test is about
                }
                simulation.end(powerCut);
                simulation.open();
                int segments = simulation.store.status().segments();
                old += segments == SOURCES ? 1 : 0;
                merged += segments == 2 ? 1 : 0;
                assertThat(simulation.store.health().warnings()).isEmpty();
                simulation.check();
                assertNoRemains(simulation);
                assertThat(simulation.disk.list(StoreSimulation.DIRECTORY.resolve("segments")))
                        .hasSize(segments);
                mergeAll(simulation);
                simulation.append(false);
                simulation.append(true);
                simulation.commit();
                simulation.powerCut();
                simulation.open();
                simulation.check();
            }
        }
        assertThat(old).as("crashes before").isGreaterThan(30);
        assertThat(merged).as("crashes after").isGreaterThan(5);
        assertThat(old + merged).isEqualTo((int) operations * (Depth.isLong() ? 2 : 1));
    }

    private static void fill(StoreSimulation simulation) throws Exception {
        simulation.open();
        for (int i = 0; i < SOURCES; i++) {
            simulation.append(false);
            simulation.append(i == 2);
            simulation.commit();
            simulation.flush();
        }
    }

    /// Merges and deletes.
    private static void mergeAll(StoreSimulation simulation) {
        simulation.nanos += MergePolicy.QUIET.toNanos();
        simulation.merge();
        simulation.tick(1_000);
    }

    private static void assertNoRemains(StoreSimulation simulation) throws Exception {
        assertThat(simulation.disk.files(StoreSimulation.DIRECTORY))
                .noneMatch(path -> path.toString().contains(".tmp"))
                .noneMatch(path -> path.toString().contains(".deleted"))
                .noneMatch(path -> path.toString().endsWith(".wal"));
    }
}
