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
