package io.emberscope.server.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.StoreOptions;
import io.emberscope.storage.iceberg.IcebergTables;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedTablesTest {
    private static final String PLACE = "s3://bucket/default/";

    @TempDir private Path directory;
    private Instant now = Instant.EPOCH;

    @BeforeEach
    void fill() throws Exception {
        try (ProfileStore store = open()) {
            store.append(TenantId.DEFAULT, null, Profiles.cpu()).get();
        }
    }

    private ProfileStore open() throws IOException {
        return open(directory);
    }

    static ProfileStore open(Path directory) throws IOException {
        return ProfileStore.open(
                directory,
                StoreOptions.defaults(),
                new LocalDisk(),
                InstantSource.system(),
                new Metrics());
    }

    @Test
    void theSameTablesAreToldUntilThereAreOthers() throws Exception {
        try (ProfileStore store = open();
                SharedTables tables = new SharedTables(store, () -> now)) {
            IcebergTables first = tables.now(TenantId.DEFAULT, PLACE);
            assertThat(tables.now(TenantId.DEFAULT, PLACE)).isSameAs(first);
            assertThat(tables.now(new TenantId("other"), PLACE)).isNotSameAs(first);
        }
    }

    @Test
    void objectsOfTablesAreThereAsLongAsSomebodyAsksForThem() throws Exception {
        try (ProfileStore store = open();
                SharedTables tables = new SharedTables(store, () -> now)) {
            IcebergTables first = tables.now(TenantId.DEFAULT, PLACE);
            String list = "samples/metadata/" + first.snapshotId() + "-list.avro";
            for (int i = 0; i < 5; i++) {
                assertThat(tables.object(TenantId.DEFAULT, list)).isNotNull();
                now = now.plus(SharedTables.KEPT);
                tables.forget();
            }
            assertThat(tables.object(new TenantId("other"), list)).isNull();
            now = now.plus(SharedTables.KEPT).plusMillis(1);
            tables.forget();
            assertThat(tables.object(TenantId.DEFAULT, list)).isNull();
        }
    }

    @Test
    void askingKeepsThemForAnHourAtMost() throws Exception {
        try (ProfileStore store = open();
                SharedTables tables = new SharedTables(store, () -> now)) {
            IcebergTables first = tables.now(TenantId.DEFAULT, PLACE);
            String list = "samples/metadata/" + first.snapshotId() + "-list.avro";
            Instant end = now.plus(SharedTables.KEPT_MAX);
            while (now.isBefore(end)) {
                now = now.plusSeconds(60);
                tables.forget();
                assertThat(tables.object(TenantId.DEFAULT, list)).isNotNull();
            }
            now = now.plusSeconds(60);
            tables.forget();
            assertThat(tables.object(TenantId.DEFAULT, list)).isNull();
        }
    }

    @Test
    void ofTooManySnapshotsTheOneGoesThatWasAskedForLongestAgo() throws Exception {
        try (ProfileStore store = open();
                SharedTables tables = new SharedTables(store, () -> now)) {
            List<TenantId> tenants = new ArrayList<>();
            for (int i = 0; i < SharedTables.SNAPSHOTS_MAX; i++) {
                tenants.add(new TenantId("tenant-" + i));
                tables.now(tenants.get(i), PLACE);
            }
            assertThat(tables.object(tenants.get(0), list(tables, tenants.get(0)))).isNotNull();
            String second = list(tables, tenants.get(1));
            for (int i = 2; i < tenants.size(); i++) {
                tables.now(tenants.get(i), PLACE);
            }
            tables.now(tenants.get(0), PLACE);
            tables.now(new TenantId("one-more"), PLACE);
            assertThat(tables.object(tenants.get(1), second)).isNull();
            assertThat(tables.object(tenants.get(0), list(tables, tenants.get(0)))).isNotNull();
        }
    }

    private static String list(SharedTables tables, TenantId tenant) throws IOException {
        return "samples/metadata/" + tables.now(tenant, PLACE).snapshotId() + "-list.avro";
    }

    @Test
    void aClockThatIsSetBackKeepsThemNoLonger() throws Exception {
        now = Instant.ofEpochSecond(1_000_000);
        try (ProfileStore store = open();
                SharedTables tables = new SharedTables(store, () -> now)) {
            IcebergTables first = tables.now(TenantId.DEFAULT, PLACE);
            String list = "samples/metadata/" + first.snapshotId() + "-list.avro";
            now = Instant.EPOCH;
            tables.forget();
            assertThat(tables.object(TenantId.DEFAULT, list)).isNotNull();
            now = now.plus(SharedTables.KEPT).plusMillis(1);
            tables.forget();
            assertThat(tables.object(TenantId.DEFAULT, list)).isNull();
        }
    }
}
