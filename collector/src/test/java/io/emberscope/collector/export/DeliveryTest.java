package io.emberscope.collector.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class DeliveryTest {
    private static final long LONG = 30_000_000_000L;

    private final Metrics metrics = new Metrics();
    private final Tally tally = new Tally(metrics);
    private final FaultyDisk disk = new FaultyDisk(1);
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private final Spool spool = Spool.open(Path.of("/spool"), 1 << 20, disk, tally, log::add);
    private final List<String> sent = Collections.synchronizedList(new ArrayList<>());

    @Test
    void batchesAreSentInOrderAndCountedOnceAcknowledged() throws Exception {
        try (Delivery delivery = delivery(this::accept)) {
            for (int i = 1; i <= 20; i++) {
                append(i);
            }
            assertThat(spool.awaitEmpty(LONG)).isTrue();
            delivery.close(0);
        }
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            expected.add("a/1/" + i);
        }
        assertThat(sent).isEqualTo(expected);
        assertThat(tally.deliveredSamples()).isEqualTo(210);
        assertThat(tally.deliveredNanos()).isEqualTo(2100);
    }

    @Test
    void failedBatchIsTriedAgainBeforeTheNext() throws Exception {
        AtomicInteger failures = new AtomicInteger(1);
        Sender flaky =
                (id, body) ->
                        failures.getAndDecrement() > 0
                                ? new SendResult.Failed("status 503", 0)
                                : accept(id, body);
        try (Delivery delivery = delivery(flaky)) {
            append(1);
            append(2);
            assertThat(spool.awaitEmpty(LONG)).isTrue();
            delivery.close(0);
        }
        assertThat(sent).containsExactly("a/1/1", "a/1/2");
        assertThat(log).anyMatch(line -> line.contains("cannot send"));
        assertThat(log).anyMatch(line -> line.contains("takes batches again"));
    }

    @Test
    void refusedBatchIsDroppedAndTheNextOneSent() throws Exception {
        Sender picky =
                (id, body) ->
                        id.sequence() == 1
                                ? new SendResult.Rejected("status 400: no")
                                : accept(id, body);
        try (Delivery delivery = delivery(picky)) {
            append(1);
            append(2);
            assertThat(spool.awaitEmpty(LONG)).isTrue();
            delivery.close(0);
        }
        assertThat(sent).containsExactly("a/1/2");
        assertThat(tally.droppedSamples()).isEqualTo(1);
        assertThat(metrics.text())
                .contains(
                        "emberscope_collector_dropped_samples_total{reason=\"rejected\"} 1",
                        "emberscope_collector_dropped_nanoseconds_total{reason=\"rejected\"} 10");
        assertThat(log).anyMatch(line -> line.contains("a/1/1") && line.contains("status 400"));
    }

    @Test
    void closingEndsTheBackoffAndLeavesTheRestOnDisk() throws Exception {
        Map<BatchId, Integer> attempts = new ConcurrentHashMap<>();
        Sender away =
                (id, body) -> {
                    attempts.merge(id, 1, Integer::sum);
                    return new SendResult.Failed("refused", 500_000_000_000L);
                };
        Delivery delivery = delivery(away);
        append(1);
        while (attempts.isEmpty()) {
            Thread.onSpinWait();
        }
        delivery.close(1_000_000_000L);
        assertThat(spool.size()).isEqualTo(1);
        assertThat(attempts.values()).allMatch(count -> count >= 2);
        assertThat(disk.list(Path.of("/spool"))).hasSize(1);
        assertThat(log).noneMatch(line -> line.contains("interrupted"));
    }

    @Test
    void waitsGrowToABoundVaryAndHonourTheServer() {
        Backoff backoff = new Backoff(7);
        long previous = 0;
        for (int i = 0; i < 40; i++) {
            long full = Math.min(Backoff.LONGEST_NANOS, Backoff.FIRST_NANOS << Math.min(i, 16));
            long wait = backoff.afterFailure(0);
            assertThat(wait).isBetween(full / 2 - 1, full);
            assertThat(wait).isNotEqualTo(previous);
            previous = wait;
        }
        assertThat(backoff.afterFailure(600_000_000_000L)).isGreaterThanOrEqualTo(600_000_000_000L);
        backoff.afterSuccess();
        assertThat(backoff.afterFailure(0)).isLessThanOrEqualTo(Backoff.FIRST_NANOS);
    }

    @Test
    void agentKeepsItsIdAndBeginsANewEpochEachTime() throws Exception {
        Path state = Path.of("/state");
        String fresh = "0123456789abcdef0123456789abcdef";
        AgentState first = AgentState.begin(state, disk, fresh);
        assertThat(first.next()).hasToString(fresh + "/1/1");
        assertThat(first.next()).hasToString(fresh + "/1/2");
        disk.powerCut();
        AgentState second = AgentState.begin(state, disk, "f".repeat(32));
        assertThat(second.next()).hasToString(fresh + "/2/1");
        disk.put(state.resolve("agent"), new byte[] {1, 2, 3});
        assertThat(AgentState.begin(state, disk, "e".repeat(32)).next())
                .hasToString("e".repeat(32) + "/1/1");
    }

    private SendResult accept(BatchId id, byte[] body) {
        sent.add(id.toString());
        return new SendResult.Accepted("");
    }

    private Delivery delivery(Sender sender) {
        return new Delivery(spool, sender, tally, metrics, 1, log::add);
    }

    private void append(int sequence) {
        spool.append(new BatchId("a", 1, sequence), new byte[100], sequence, sequence * 10L);
    }
}
