package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.SimulatedCrash;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// D2: power cuts, crashes, failed forces and full disks at random moments, over and over.
///
/// `-Dseeds=N` runs N seeds, `-Dseed=S` just one. A failure names its seed.
class CrashSimulationTest {
    private static final int SEEDS = Integer.getInteger("seeds", 2_000);

    @Test
    void acknowledgedIsStoredOnceThroughAnyCrash() throws Exception {
        Long only = Long.getLong("seed");
        if (only != null) {
            run(only);
            return;
        }
        long first = Long.getLong("firstSeed", 1);
        long acknowledged = 0;
        for (long seed = first; seed < first + SEEDS; seed++) {
            try {
                acknowledged += run(seed);
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed + " (repeat with -Dseed=" + seed + ")", e);
            }
        }
        System.out.println("seeds: " + SEEDS + ", acknowledged batches: " + acknowledged);
        assertThat(acknowledged).as("the simulation does something").isGreaterThan(SEEDS);
    }

    /// How many batches were acknowledged.
    private static long run(long seed) throws Exception {
        StoreSimulation simulation = new StoreSimulation(seed);
        Random random = simulation.random;
        simulation.open();
        int lives = 1 + random.nextInt(3);
        for (int life = 0; life < lives; life++) {
            plan(simulation, random);
            try {
                live(simulation, random);
            } catch (SimulatedCrash e) {
                simulation.collect();
            }
            if (random.nextBoolean()) {
                simulation.powerCut();
            } else {
                simulation.processKill();
            }
            simulation.disk.makeRoom();
            if (random.nextInt(3) == 0) {
                simulation.disk.crashAt(1 + random.nextInt(60));
            }
            simulation.reopen();
            simulation.check();
        }
        // What anybody saw must be durable by now.
        simulation.powerCut();
        simulation.reopen();
        simulation.check();
        return simulation.sent.stream().filter(one -> one.acknowledged).count();
    }

    private static void plan(StoreSimulation simulation, Random random) {
        switch (random.nextInt(6)) {
            case 0, 1, 2 -> simulation.disk.crashAt(1 + random.nextInt(120));
            case 3 -> simulation.disk.failForce(1 + random.nextInt(40));
            case 4 -> simulation.disk.fillAt(1 + random.nextInt(60));
            default -> simulation.disk.failWrite(1 + random.nextInt(60));
        }
    }

    private static void live(StoreSimulation simulation, Random random) throws Exception {
        int steps = 2 + random.nextInt(12);
        for (int step = 0; step < steps; step++) {
            switch (random.nextInt(14)) {
                case 0 -> simulation.flush();
                case 1 -> simulation.tick(random.nextInt(400_000));
                case 2 -> simulation.check();
                case 3 -> {
                    // The wall clock lies; nothing may come of it.
                    simulation.wall =
                            simulation.wall.plus(Duration.ofHours(random.nextInt(-48, 49)));
                }
                case 4 -> {
                    simulation.disk.makeRoom();
                    simulation.tick(1_000);
                }
                case 5 -> {
                    // Nothing came for a while.
                    simulation.nanos += MergePolicy.QUIET.toNanos();
                    simulation.merge();
                }
                case 6 -> simulation.merge();
                default -> {
                    int appends = 1 + random.nextInt(3);
                    for (int i = 0; i < appends; i++) {
                        simulation.append(random.nextInt(4) == 0);
                    }
                    simulation.commit();
                }
            }
        }
        if (random.nextInt(3) == 0) {
            simulation.store.close();
            simulation.collect();
        }
    }
}
