package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// D8: retries are harmless.
class RetryTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final Labels WEB = Labels.of("service_name", "web");

    /// Every acknowledgement is lost once, and the client sends again: at once, later, after a
    /// flush or after a crash.
    @Test
    void aBatchWhoseAcknowledgementWasLostIsStoredOnce() throws Exception {
        StoreSimulation simulation = new StoreSimulation(1);
        simulation.options = simulation.options.withWindow(256 << 10, Duration.ofMinutes(5));
        Random random = new Random(8);
        simulation.open();
        int batches = 10_000;
        List<Integer> again = new ArrayList<>();
        for (int i = 1; i <= batches; i++) {
            assertThat(append(simulation, i)).isEqualTo(Appended.STORED);
            again.add(i);
            if (random.nextInt(200) == 0) {
                simulation.flush();
            }
            if (random.nextInt(1_000) == 0) {
                if (random.nextBoolean()) {
                    simulation.powerCut();
                } else {
                    simulation.processKill();
                }
                simulation.open();
            }
            if (again.size() >= 300) {
                Collections.shuffle(again, random);
                for (int old : again) {
                    assertThat(append(simulation, old)).isEqualTo(Appended.DUPLICATE);
                }
                again.clear();
            }
            simulation.tick(0);
        }
        assertThat(total(simulation)).isEqualTo(batches);
        simulation.powerCut();
        simulation.open();
        assertThat(total(simulation)).isEqualTo(batches);
        assertThat(append(simulation, batches)).isEqualTo(Appended.DUPLICATE);
        assertThat(simulation.failureOf(send(simulation, 1)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(
                        "batch id: sequence 1 (expected: above 8976, the newest of this run less"
                                + " 1024)");
    }

    /// Two that are sent at the same time are one, and the second waits for what becomes of the
    /// first.
    @Test
    void aTwinThatIsUnderWaySharesTheFate() throws Exception {
        StoreSimulation simulation = new StoreSimulation(2);
        simulation.open();
        CompletableFuture<Appended> first = send(simulation, 1);
        CompletableFuture<Appended> twin = send(simulation, 1);
        assertThat(twin).isNotDone();
        simulation.commit();
        assertThat(first).isCompletedWithValue(Appended.STORED);
        assertThat(twin).isCompletedWithValue(Appended.DUPLICATE);

        CompletableFuture<Appended> failing = send(simulation, 2);
        CompletableFuture<Appended> failingTwin = send(simulation, 2);
        simulation.disk.fillAt(1);
        simulation.commit();
        assertThat(failing).isCompletedExceptionally();
        assertThat(failingTwin).isCompletedExceptionally();
        simulation.disk.makeRoom();
        simulation.tick(1_000);
        assertThat(append(simulation, 2)).isEqualTo(Appended.STORED);
        assertThat(total(simulation)).isEqualTo(2);
        simulation.powerCut();
        simulation.open();
        assertThat(total(simulation)).isEqualTo(2);
    }

    private static Appended append(StoreSimulation simulation, int sequence) throws Exception {
        CompletableFuture<Appended> appended = send(simulation, sequence);
        simulation.store.commitWaiting();
        return appended.get();
    }

    private static CompletableFuture<Appended> send(StoreSimulation simulation, int sequence) {
        ProfileBatch batch = Batches.one(WEB, Batches.START_MILLIS, 1, "f" + sequence % 7);
        return simulation.store.append(ACME, new BatchId("agent", 1, sequence), batch);
    }

    private static long total(StoreSimulation simulation) throws Exception {
        return simulation
                .store
                .merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL)
                .total();
    }
}
