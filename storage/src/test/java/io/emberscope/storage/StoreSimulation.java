package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.disk.SimulatedCrash;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// One store on a [FaultyDisk], driven step by step, beside a ledger of what was sent and what was
/// acknowledged. [#check] holds the promise: acknowledged ⊆ stored ⊆ sent, each once, values equal.
final class StoreSimulation {
    static final Path DIRECTORY = Path.of("/data");
    static final TimeRange ALL =
            new TimeRange(Instant.EPOCH, Instant.parse("2200-01-01T00:00:00Z"));

    private static final String MARKER = "marker";
    private static final List<TenantId> TENANTS =
            List.of(new TenantId("acme"), new TenantId("globex"));
    private static final ProfileType OTHER =
            new ProfileType("memory", "alloc_space", "bytes", "space", "bytes");

    /// A batch, and what we know of it.
    static final class Sent {
        final TenantId tenant;
        final @Nullable BatchId id;
        final ProfileBatch batch;
        final String marker;
        boolean acknowledged;

        /// Someone saw it in an answer of a writable store, so it may not vanish again.
        boolean seen;

        Sent(TenantId tenant, @Nullable BatchId id, ProfileBatch batch, String marker) {
            this.tenant = tenant;
            this.id = id;
            this.batch = batch;
            this.marker = marker;
        }
    }

    final FaultyDisk disk;
    final Random random;
    final List<Sent> sent = new ArrayList<>();
    Metrics metrics = new Metrics();
    StoreOptions options =
            StoreOptions.defaults()
                    .withWindow(24 << 10, Duration.ofMinutes(5))
                    .withWalFile(4 << 10)
                    .withFreeBytes(1);
    ProfileStore store;
    long nanos;
    Instant wall = Instant.parse("2026-11-25T00:00:00Z");
    private final List<Waiting> waiting = new ArrayList<>();
    private long sequence;
    private boolean forceFailed;

    private record Waiting(Sent sent, CompletableFuture<Appended> outcome) {}

    StoreSimulation(long seed) {
        disk = new FaultyDisk(seed);
        random = new Random(seed * 31 + 7);
    }

    void open() throws Exception {
        metrics = new Metrics();
        store =
                ProfileStore.open(
                        DIRECTORY,
                        options,
                        disk,
                        () -> wall,
                        metrics,
                        StoreRuntime.manual(() -> nanos, random::nextLong));
        forceFailed = false;
    }

    /// Sends a new batch, or, if `resend`, one that was sent before.
    void append(boolean resend) {
        Sent one = resend ? old() : null;
        if (one == null) {
            one = fresh();
            sent.add(one);
        }
        waiting.add(new Waiting(one, store.append(one.tenant, one.id, one.batch)));
    }

    void commit() {
        store.commitWaiting();
        collect();
    }

    /// Notes who was acknowledged.
    void collect() {
        for (Waiting one : waiting) {
            if (!one.outcome.isDone()) {
                continue;
            }
            if (one.outcome.isCompletedExceptionally()) {
                continue;
            }
            assertThat(forceFailed).as("acknowledged after a failed force").isFalse();
            one.sent.acknowledged = true;
        }
        waiting.removeIf(one -> one.outcome.isDone());
        forceFailed |= store != null && store.health().reason().contains("Input/output error");
    }

    /// The failure of the only append that waits, or null.
    @Nullable Throwable failureOf(CompletableFuture<Appended> outcome) throws Exception {
        try {
            outcome.get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    void flush() {
        store.flush();
        collect();
    }

    void tick(long millis) {
        nanos += millis * 1_000_000;
        store.tick();
        collect();
    }

    /// Merges all that should be merged now.
    ///
    /// @return how many merges that were
    int merge() {
        int merges = 0;
        while (store.mergeOne()) {
            merges++;
        }
        collect();
        return merges;
    }

    /// Ends the process in one of two ways.
    void end(boolean powerCut) {
        if (powerCut) {
            powerCut();
        } else {
            processKill();
        }
    }

    void powerCut() {
        waiting.clear();
        disk.powerCut();
    }

    void processKill() {
        waiting.clear();
        disk.processKill();
    }

    /// Opens until it succeeds, each time after a crash if one was planned.
    void reopen() throws Exception {
        try {
            open();
        } catch (SimulatedCrash e) {
            powerCut();
            open();
        }
    }

    /// Holds the promise, and the answers against the obvious way.
    void check() throws Exception {
        for (TenantId tenant : TENANTS) {
            Set<String> stored =
                    new HashSet<>(
                            store.labelValues(tenant, MARKER, Selector.ALL, "", 100_000, ALL)
                                    .values());
            List<ProfileBatch> found = new ArrayList<>();
            for (Sent one : sent) {
                if (!one.tenant.equals(tenant)) {
                    continue;
                }
                boolean there = stored.remove(one.marker);
                if (one.acknowledged || one.seen) {
                    assertThat(there)
                            .as("%s acknowledged %s seen %s", one.id, one.acknowledged, one.seen)
                            .isTrue();
                }
                if (there) {
                    found.add(one.batch);
                    one.seen |= store.health().writable();
                }
            }
            assertThat(stored).as("stored but never sent").isEmpty();
            for (ProfileType type : List.of(ProfileType.CPU, OTHER)) {
                assertThat(
                                Sums.differences(
                                        Sums.of(store.merge(tenant, type, Selector.ALL, ALL)),
                                        Sums.of(found, type, _ -> true, _ -> true)))
                        .as("%s of %s", type, tenant)
                        .isEmpty();
            }
        }
    }

    private @Nullable Sent old() {
        List<Sent> named = sent.stream().filter(one -> one.id != null).toList();
        return named.isEmpty() ? null : named.get(random.nextInt(named.size()));
    }

    private Sent fresh() {
        String marker = "m" + sent.size();
        TenantId tenant = TENANTS.get(random.nextInt(TENANTS.size()));
        BatchId id =
                random.nextInt(5) == 0
                        ? null
                        : new BatchId("agent-" + random.nextInt(3), random.nextInt(2), ++sequence);
        ProfileBatch batch = Batches.random(random, 4, Batches.START_MILLIS, 4);
        List<Profile> profiles = new ArrayList<>(batch.profiles());
        Labels labels = Labels.of(Labels.SERVICE_NAME, "s", MARKER, marker);
        profiles.add(
                new Profile(
                        new Series(ProfileType.CPU, labels),
                        Batches.START_MILLIS * 1_000_000,
                        0,
                        0,
                        new int[] {0},
                        new long[] {1 + random.nextInt(100)}));
        return new Sent(
                tenant, id, new ProfileBatch(batch.frames(), batch.stacks(), profiles), marker);
    }
}
