package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.query.QueryStoppedException.Reason;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LimitsTest {
    private static final TenantId ACME = new TenantId("acme");

    private final StoreSimulation simulation = new StoreSimulation(4);

    private CompletableFuture<Appended> send(TenantId tenant, ProfileBatch batch) {
        return simulation.store.append(tenant, null, batch);
    }

    private static ProfileBatch series(int from, int count) {
        List<Profile> profiles = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            profiles.add(
                    new Profile(
                            new Series(ProfileType.CPU, Labels.of("pod", "p" + i)),
                            Batches.START_MILLIS * 1_000_000,
                            0,
                            0,
                            new int[] {0},
                            new long[] {1}));
        }
        return new ProfileBatch(List.of(), List.of(new int[0]), profiles);
    }

    /// O1: what the disk cannot take fast enough is refused, so memory stays bounded.
    @Test
    void fullMemoryRefusesAndRecovers() throws Exception {
        simulation.options =
                simulation.options.withWindow(60_000, Duration.ofHours(1)).withMemory(60_000);
        simulation.open();
        int stored = 0;
        CompletableFuture<Appended> last = send(ACME, series(0, 10));
        while (!last.isCompletedExceptionally()) {
            simulation.store.commitWaiting();
            stored++;
            assertThat(simulation.store.status().windowBytes()).isLessThan(90_000);
            last = send(ACME, series(10 * stored, 10));
        }
        assertThat(stored).isGreaterThan(5);
        assertThat(simulation.failureOf(last))
                .isInstanceOf(OverCapacityException.class)
                .hasMessageMatching(
                        "samples in memory: [0-9]+ bytes \\(expected: at most 60000 with this"
                                + " batch\\)");
        simulation.store.flush();
        assertThat(send(ACME, series(0, 1))).isNotDone();
        simulation.store.commitWaiting();
        assertThat(simulation.metrics.text())
                .contains("emberscope_storage_refused_batches_total{reason=\"memory\"} 1");
    }

    /// O5: a tenant that makes ever new series is stopped; its old ones and other tenants go on.
    @Test
    void seriesOfATenantAreBounded() throws Exception {
        simulation.options =
                simulation
                        .options
                        .withIngest(32 << 20, 50, 100)
                        .withWindow(16 << 20, Duration.ofHours(1));
        simulation.open();
        CompletableFuture<Appended> fits = send(ACME, series(0, 50));
        CompletableFuture<Appended> more = send(ACME, series(40, 20));
        CompletableFuture<Appended> old = send(ACME, series(10, 20));
        CompletableFuture<Appended> other = send(new TenantId("globex"), series(1000, 50));
        simulation.store.commitWaiting();
        assertThat(fits).isCompletedWithValue(Appended.STORED);
        assertThat(old).isCompletedWithValue(Appended.STORED);
        assertThat(other).isCompletedWithValue(Appended.STORED);
        assertThat(simulation.failureOf(more))
                .isInstanceOf(OverCapacityException.class)
                .hasMessage(
                        "series of the tenant: 60 (expected: at most 50 in one window of PT1H)");
    }

    @Test
    void aBatchIsBoundedAndItsIndicesAreJudged() throws Exception {
        simulation.options = simulation.options.withIngest(10_000, 100_000, 100);
        simulation.open();
        assertThat(simulation.failureOf(send(ACME, series(0, 2_000))))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageMatching("batch: [0-9]+ bytes \\(expected: at most 10000\\)");
        ProfileBatch stackMissing = new ProfileBatch(List.of(), List.of(), series(0, 1).profiles());
        assertThat(simulation.failureOf(send(ACME, stackMissing)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("batch: stack index 0 (expected: 0..-1)");
        ProfileBatch frameMissing =
                new ProfileBatch(List.of(), List.of(new int[] {3}), series(0, 1).profiles());
        assertThat(simulation.failureOf(send(ACME, frameMissing)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("batch: frame index 3 (expected: 0..-1)");
    }

    @Test
    void aClosedStoreRefuses() throws Exception {
        simulation.open();
        CompletableFuture<Appended> waiting = send(ACME, series(0, 1));
        simulation.store.close();
        assertThat(waiting).isCompletedWithValue(Appended.STORED);
        assertThat(simulation.failureOf(send(ACME, series(0, 1))))
                .isInstanceOf(NotWritableException.class)
                .hasMessage("store: closed");
    }

    @Test
    void aQueryStopsAtItsLimits() throws Exception {
        simulation.open();
        var _ = send(ACME, series(0, 3_000));
        simulation.store.flush();
        QueryContext cancelled = QueryContext.strict();
        cancelled.cancel();
        assertStops(cancelled, Reason.CANCELLED, "query: cancelled");
        assertStops(
                QueryContext.strict(Duration.ofNanos(1), 1 << 20),
                Reason.DEADLINE,
                "query: over its time (expected: at most PT0.000000001S)");
        assertStops(
                QueryContext.strict(Duration.ofMinutes(1), 10),
                Reason.MEMORY,
                "query: 21 bytes of memory (expected: at most 10); narrow the selector or the time"
                        + " range");
        Thread.currentThread().interrupt();
        assertStops(QueryContext.strict(), Reason.CANCELLED, "query: cancelled");
        assertThat(Thread.interrupted()).isTrue();
    }

    private void assertStops(QueryContext context, Reason reason, String message) {
        assertThatThrownBy(
                        () ->
                                simulation.store.merge(
                                        ACME,
                                        ProfileType.CPU,
                                        Selector.ALL,
                                        null,
                                        StoreSimulation.ALL,
                                        context))
                .isInstanceOfSatisfying(
                        QueryStoppedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessage(message);
    }

    @Test
    void aSumThatDoesNotFitIsAnErrorAndNotANumber() throws Exception {
        simulation.open();
        ProfileBatch huge =
                Batches.one(Labels.EMPTY, Batches.START_MILLIS, Long.MAX_VALUE - 1, "f");
        var _ = send(ACME, huge);
        var _ = send(ACME, huge);
        for (int i = 0; i < 2; i++) {
            simulation.store.commitWaiting();
            assertThatThrownBy(
                            () ->
                                    simulation.store.merge(
                                            ACME,
                                            ProfileType.CPU,
                                            Selector.ALL,
                                            StoreSimulation.ALL))
                    .isInstanceOf(QueryStoppedException.class)
                    .hasMessage("sum: overflow (expected: within 64 bits)");
            simulation.store.flush();
        }
    }

    @Test
    void stepsAreBounded() throws Exception {
        simulation.open();
        assertThatThrownBy(
                        () ->
                                simulation.store.series(
                                        ACME,
                                        ProfileType.CPU,
                                        Selector.ALL,
                                        TimeRange.ofMillis(0, 86_400_000),
                                        Duration.ofSeconds(1)))
                .hasMessage("step: PT1S makes 86400 points (expected: at most 11000)");
    }
}
