package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.BatchId;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Segments become one, and nobody who asks can tell.
class MergeTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final TenantId GLOBEX = new TenantId("globex");
    private static final Path SEGMENTS = StoreSimulation.DIRECTORY.resolve("segments");

    private final StoreSimulation simulation = new StoreSimulation(5);

    private void open() throws Exception {
        simulation.options =
                simulation.options.withWindow(16 << 20, Duration.ofHours(1)).withCache(64 << 20);
        simulation.open();
    }

    private void segment(ProfileBatch... batches) {
        for (ProfileBatch batch : batches) {
            var _ = simulation.store.append(ACME, null, batch);
        }
        simulation.store.flush();
    }

    private static ProfileBatch one(long value, String... functions) {
        return Batches.one(
                Labels.of("service_name", "web"), Batches.START_MILLIS, value, functions);
    }

    /// Ten minutes later.
    private int merge() {
        simulation.nanos += MergePolicy.QUIET.toNanos();
        return simulation.merge();
    }

    private List<Path> directories() throws IOException {
        return simulation.disk.list(SEGMENTS);
    }

    @Test
    void nobodyCanTellThatSegmentsWereMerged() throws Exception {
        long seed = Long.getLong("seed", 7);
        Random random = new Random(seed);
        open();
        for (int i = 0; i < 22; i++) {
            for (int j = 0; j < 12; j++) {
                var _ =
                        simulation.store.append(
                                i % 3 == 1 ? GLOBEX : ACME,
                                null,
                                Batches.random(random, 10, Batches.START_MILLIS, 60));
            }
            simulation.store.flush();
        }
        List<Map<String, Object>> before = answers();
        assertThat(before.getFirst().toString()).hasSizeGreaterThan(100_000);
        long bytes = simulation.store.status().segmentBytes();
        assertThat(merge()).isEqualTo(3);
        assertThat(simulation.store.status().segments()).isEqualTo(2);
        assertThat(answers()).as("seed %d", seed).isEqualTo(before);
        simulation.tick(1_000);
        assertThat(directories()).hasSize(2);
        assertThat(simulation.store.status().segmentBytes()).isLessThan(bytes / 2);
        simulation.powerCut();
        simulation.open();
        assertThat(answers()).as("seed %d", seed).isEqualTo(before);
        assertThat(simulation.store.health().warnings()).isEmpty();
    }

    private List<Map<String, Object>> answers() throws Exception {
        return List.of(Answers.of(simulation.store, ACME), Answers.of(simulation.store, GLOBEX));
    }

    @Test
    void rowsThatAgreeInAllButTheValueBecomeOneIfTheSumFits() throws Exception {
        open();
        segment(one(5, "f", "main"));
        segment(one(7, "f", "main"));
        segment(one(Long.MAX_VALUE - 10, "g", "main"));
        segment(one(11, "g", "main"));
        segment(one(1, "other"));
        assertThat(merge()).isEqualTo(1);
        assertThat(simulation.store.status().segmentSamples()).isEqualTo(4);
        assertThat(simulation.metrics.text())
                .contains("emberscope_storage_merges_total 1")
                .contains("emberscope_storage_merge_samples_total 4")
                .contains("emberscope_storage_merge_failures_total 0");
    }

    @Test
    void theNewestNameIsShownAndNoneIsLost() throws Exception {
        open();
        Frame newest = named("newest", 0x4000);
        Frame older = named("older", Frame.NO_ADDRESS);
        Frame unnamed = new Frame(FrameKind.NATIVE, "b1d0", "renamed", 0x99, List.of());
        for (Frame frame : List.of(older, newest, unnamed, unnamed)) {
            ProfileBatch batch = one(1, "f");
            segment(new ProfileBatch(List.of(frame), batch.stacks(), batch.profiles()));
        }
        segment(one(1, "other"));
        assertThat(merge()).isEqualTo(1);
        simulation.powerCut();
        simulation.open();
        assertThat(all().frames()).contains(newest).hasSize(2);
    }

    private static Frame named(String name, long address) {
        return new Frame(
                FrameKind.NATIVE,
                "b1d0",
                "app",
                0x99,
                address,
                List.of(new Line(name, "", "app.c", 7)));
    }

    private MergedProfile all() throws IOException {
        return simulation.store.merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL);
    }

    /// A query keeps what it began to read.
    @Test
    void sourcesThatAreReadGoAfterwards() throws Exception {
        open();
        for (int i = 0; i < 4; i++) {
            segment(one(1, "f" + i));
        }
        var held = simulation.store.holdForTest();
        assertThat(merge()).isEqualTo(1);
        simulation.tick(1_000);
        assertThat(directories()).hasSize(5);
        assertThat(all().total()).isEqualTo(4);
        // A crash leaves them behind; the next start takes the merged one for them.
        simulation.processKill();
        simulation.open();
        assertThat(directories()).hasSize(2);
        assertThat(all().total()).isEqualTo(4);
        held.close();
    }

    @Test
    void whatBatchesAreStoredIsStillKnown() throws Exception {
        open();
        for (int i = 1; i <= 4; i++) {
            var _ = simulation.store.append(ACME, new BatchId("agent", 1, i), one(1, "f"));
            simulation.store.flush();
        }
        assertThat(merge()).isEqualTo(1);
        simulation.tick(1_000);
        // The state of the newest segment is lost, and there is another one.
        Path newest = directories().getLast().resolve("batches");
        simulation.disk.put(newest, new byte[30]);
        simulation.processKill();
        simulation.open();
        for (int i = 1; i <= 3; i++) {
            var again = simulation.store.append(ACME, new BatchId("agent", 1, i), one(1, "f"));
            simulation.store.commitWaiting();
            assertThat(again).isCompletedWithValue(Appended.DUPLICATE);
        }
        // It goes with the next segments, as that of any other.
        segment(one(1, "g"));
        segment(one(1, "g"));
        assertThat(simulation.disk.files(directories().getFirst()))
                .noneMatch(path -> path.endsWith("batches"));
    }

    @Test
    void aDamagedSourceIsLeftAloneAndTheOthersGoOn() throws Exception {
        open();
        for (int i = 0; i < 7; i++) {
            segment(one(1, "f" + i));
        }
        Path damaged = directories().get(2);
        Path samples =
                simulation.disk.files(damaged).stream()
                        .filter(path -> path.endsWith("samples.parquet"))
                        .findFirst()
                        .orElseThrow();
        byte[] bytes = simulation.disk.read(samples, 1 << 20);
        bytes[20] ^= 1;
        simulation.disk.put(samples, bytes);
        assertThat(merge()).isZero();
        assertThat(simulation.store.health().warnings())
                .singleElement()
                .asString()
                .contains("samples.parquet", "damaged");
        assertThat(simulation.metrics.text())
                .contains("emberscope_storage_merge_failures_total 1")
                .contains("emberscope_storage_segments_damaged_total 1");
        assertThat(simulation.merge()).isEqualTo(2);
        simulation.tick(1_000);
        assertThat(directories()).hasSize(4).contains(damaged);
        assertThat(simulation.store.health().writable()).isTrue();
    }

    /// An unreadable segment must not come to lie within a merged one, whose source it would seem.
    @Test
    void anUnreadableSegmentStaysBetweenItsNeighbours() throws Exception {
        open();
        for (int i = 0; i < 6; i++) {
            segment(one(1, "f" + i));
        }
        Path unreadable = directories().get(2);
        simulation.store.close();
        simulation.disk.put(unreadable.resolve("manifest"), new byte[30]);
        simulation.processKill();
        simulation.open();
        assertThat(merge()).isEqualTo(2);
        simulation.processKill();
        simulation.open();
        assertThat(directories()).hasSize(4).contains(unreadable);
        assertThat(simulation.store.health().warnings()).hasSize(1);
    }

    @Test
    void withoutRoomNothingIsMergedAndThatIsSaid() throws Exception {
        open();
        for (int i = 0; i < 4; i++) {
            segment(one(1, "f" + i));
        }
        simulation.options = simulation.options.withFreeBytes(1L << 40);
        simulation.processKill();
        long used = 0;
        for (Path file : simulation.disk.files(StoreSimulation.DIRECTORY)) {
            used += simulation.disk.read(file, 1 << 20).length;
        }
        simulation.disk.capacity((1L << 40) + used + 1_000);
        simulation.open();
        assertThat(merge()).isZero();
        assertThat(simulation.metrics.text())
                .contains("\nemberscope_storage_merge_waits_for_room 1\n")
                .contains("emberscope_storage_merges_total 0");
        simulation.disk.makeRoom();
        assertThat(simulation.merge()).isEqualTo(1);
        assertThat(simulation.metrics.text())
                .contains("\nemberscope_storage_merge_waits_for_room 0\n");
    }

    /// What fails in the middle leaves all as it was.
    @Test
    void aMergeThatFailsLeavesNothing() throws Exception {
        int failures = 0;
        for (int n = 1; n < 40; n += 3) {
            StoreSimulation one = new StoreSimulation(n);
            one.open();
            for (int i = 0; i < 4; i++) {
                one.append(false);
                one.commit();
                one.flush();
            }
            one.nanos += MergePolicy.QUIET.toNanos();
            if (n % 2 == 0) {
                one.disk.fillAt(n + 1);
            } else {
                one.disk.failWrite(n);
            }
            int merged = one.merge();
            failures += merged == 0 ? 1 : 0;
            one.disk.makeRoom();
            one.check();
            assertThat(one.store.health().writable()).as("write %d", n).isTrue();
            one.tick(1_000);
            assertThat(one.disk.list(SEGMENTS)).as("write %d", n).hasSize(merged == 0 ? 4 : 2);
        }
        assertThat(failures).isGreaterThan(5);
    }

    /// Old data goes not much later than without merging.
    @Test
    void aMergedSegmentSpansAnEighthOfTheRetention() throws Exception {
        Duration hour = Duration.ofHours(1);
        simulation.options =
                simulation
                        .options
                        .withWindow(16 << 20, Duration.ofDays(1))
                        .withRetention(hour.multipliedBy(16), 1L << 40);
        simulation.open();
        List<Long> stored = new ArrayList<>();
        for (int quarter = 0; quarter < 200; quarter++) {
            segment(one(1, "f"));
            stored.add(simulation.nanos);
            simulation.merge();
            simulation.tick(hour.toMillis() / 4);
            long kept = all().total();
            long must = newerThan(stored, hour.multipliedBy(16));
            long may = newerThan(stored, hour.multipliedBy(18).plusMinutes(15));
            assertThat(kept).as("quarter %d", quarter).isBetween(must, may);
        }
        // Two hours in one, and those of the last two that are not yet.
        assertThat(simulation.store.status().segments()).isBetween(8, 18);
    }

    private long newerThan(List<Long> stored, Duration age) {
        return stored.stream().filter(at -> simulation.nanos - at <= age.toNanos()).count();
    }
}
