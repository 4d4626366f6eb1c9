package io.emberscope.storage;

import static io.emberscope.storage.Batches.START_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileStoreTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final TenantId GLOBEX = new TenantId("globex");
    private static final Labels WEB = Labels.of("service_name", "web", "pod", "web-1");
    private static final Labels DB = Labels.of("service_name", "db");
    private static final TimeRange ALL = TimeRange.ofMillis(START_MILLIS, START_MILLIS + 3_600_000);

    @TempDir Path directory;

    private ProfileStore open() throws Exception {
        return ProfileStore.open(
                directory,
                StoreOptions.defaults(),
                new LocalDisk(),
                InstantSource.system(),
                new Metrics());
    }

    @Test
    void whatIsAppendedIsFoundAtOnce() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 5, "f", "main")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS + 10_000, 7, "f", "main")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS + 10_000, 1, "g", "main")).get();
            MergedProfile all = store.merge(ACME, ProfileType.CPU, Selector.ALL, ALL);
            assertThat(all.total()).isEqualTo(13);
            assertThat(all.stacks()).hasSize(2);
            assertThat(all.values()).containsExactlyInAnyOrder(12, 1);
            assertThat(all.frames())
                    .containsExactlyInAnyOrder(
                            Batches.frame("f"), Batches.frame("main"), Batches.frame("g"));
            assertThat(
                            store.merge(
                                            ACME,
                                            ProfileType.CPU,
                                            Selector.parse("{pod=~\"web-.\"}"),
                                            ALL)
                                    .total())
                    .isEqualTo(5);
        }
    }

    @Test
    void sumsAreMadeApartForEachValueOfALabelInMemoryAndOnDisk() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 5, "f", "main")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS, 7, "f", "main")).get();
            Map<List<String>, Long> expected =
                    Map.of(
                            List.of("f", "main", "web-1"), 5L,
                            List.of("f", "main", "(none)"), 7L);
            assertThat(grouped(store, "pod")).isEqualTo(expected);
        }
        // Closing made a segment of it; now another lies in memory.
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 10, "f", "main")).get();
            assertThat(grouped(store, "pod"))
                    .isEqualTo(
                            Map.of(
                                    List.of("f", "main", "web-1"), 15L,
                                    List.of("f", "main", "(none)"), 7L));
            assertThat(grouped(store, "service_name"))
                    .isEqualTo(
                            Map.of(
                                    List.of("f", "main", "web"), 15L,
                                    List.of("f", "main", "db"), 7L));
        }
    }

    private static Map<List<String>, Long> grouped(ProfileStore store, String label)
            throws Exception {
        MergedProfile merged =
                store.merge(ACME, ProfileType.CPU, Selector.ALL, label, ALL, QueryContext.strict());
        Map<List<String>, Long> sums = new HashMap<>();
        for (int i = 0; i < merged.values().length; i++) {
            List<String> names = new ArrayList<>();
            for (int frame : merged.stacks().get(i)) {
                names.add(merged.frames().get(frame).lines().getFirst().function());
            }
            int root = merged.stacks().get(i)[names.size() - 1];
            assertThat(merged.frames().get(root).kind()).isEqualTo(FrameKind.LABEL);
            sums.put(names, merged.values()[i]);
        }
        return sums;
    }

    @Test
    void aProfileBelongsToTheRangeThatHoldsItsStart() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 5, "f")).get();
            assertThat(total(store, START_MILLIS, START_MILLIS + 1)).isEqualTo(5);
            assertThat(total(store, START_MILLIS - 10, START_MILLIS)).isZero();
            assertThat(total(store, START_MILLIS + 1, START_MILLIS + 9_000)).isZero();
            assertThat(total(store, START_MILLIS, START_MILLIS)).isZero();
        }
    }

    @Test
    void aSeriesHasEveryStep() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS + 10_000, 5, "f")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS + 10_000, 2, "g")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS + 40_000, 3, "g")).get();
            TimeSeries series =
                    store.series(
                            ACME,
                            ProfileType.CPU,
                            Selector.ALL,
                            TimeRange.ofMillis(START_MILLIS + 3_000, START_MILLIS + 40_001),
                            Duration.ofSeconds(10));
            assertThat(series.startMillis()).isEqualTo(START_MILLIS);
            assertThat(series.values()).containsExactly(0, 7, 0, 0, 3);
            assertThat(series.total()).isEqualTo(10);
        }
    }

    @Test
    void labelsAreThoseOfSamplesInTheRange() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 5, "f")).get();
            store.append(ACME, null, Batches.one(DB, START_MILLIS + 60_000, 7, "f")).get();
            TimeRange early = TimeRange.ofMillis(START_MILLIS, START_MILLIS + 1000);
            TimeRange late = TimeRange.ofMillis(START_MILLIS + 1000, START_MILLIS + 90_000);
            assertThat(store.labelNames(ACME, Selector.ALL, early))
                    .containsExactly("pod", "service_name");
            assertThat(store.labelNames(ACME, Selector.ALL, late)).containsExactly("service_name");
            assertThat(store.labelValues(ACME, "service_name", Selector.ALL, "", 10, ALL))
                    .isEqualTo(new LabelValues(List.of("db", "web"), false));
            assertThat(store.labelValues(ACME, "service_name", Selector.ALL, "", 1, ALL))
                    .isEqualTo(new LabelValues(List.of("db"), true));
            assertThat(store.labelValues(ACME, "service_name", Selector.ALL, "w", 1, ALL))
                    .isEqualTo(new LabelValues(List.of("web"), false));
            assertThat(store.profileTypes(ACME, late)).containsExactly(ProfileType.CPU);
            assertThat(store.profileTypes(ACME, TimeRange.ofMillis(0, 1))).isEmpty();
        }
    }

    @Test
    void oneTenantNeverSeesAnother() throws Exception {
        try (ProfileStore store = open()) {
            store.append(ACME, null, Batches.one(WEB, START_MILLIS, 5, "f")).get();
            assertThat(store.merge(GLOBEX, ProfileType.CPU, Selector.ALL, ALL).stacks()).isEmpty();
            assertThat(store.labelNames(GLOBEX, Selector.ALL, ALL)).isEmpty();
            assertThat(store.profileTypes(GLOBEX, ALL)).isEmpty();
        }
    }

    @Test
    void aBatchThatIsSentAgainIsStoredOnce() throws Exception {
        try (ProfileStore store = open()) {
            BatchId id = new BatchId("agent", 1, 1);
            var batch = Batches.one(WEB, START_MILLIS, 5, "f");
            assertThat(store.append(ACME, id, batch).get()).isEqualTo(Appended.STORED);
            assertThat(store.append(ACME, id, batch).get()).isEqualTo(Appended.DUPLICATE);
            assertThat(store.append(GLOBEX, id, batch).get()).isEqualTo(Appended.STORED);
            assertThat(total(store, START_MILLIS, START_MILLIS + 1)).isEqualTo(5);
        }
    }

    private static long total(ProfileStore store, long from, long to) throws Exception {
        return store.merge(ACME, ProfileType.CPU, Selector.ALL, TimeRange.ofMillis(from, to))
                .total();
    }
}
