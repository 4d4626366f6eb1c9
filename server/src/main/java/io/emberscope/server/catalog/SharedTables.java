package io.emberscope.server.catalog;

import io.emberscope.profile.TenantId;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.iceberg.IcebergTables;
import io.emberscope.storage.iceberg.IcebergTables.StoredObject;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// The tables as those who read them were told they are. An engine plans first and reads later, so
/// the files of a snapshot stay for a while after it was last asked for, also if the store has
/// merged or deleted them since. Safe for use by several threads.
final class SharedTables implements AutoCloseable {
    /// How long files stay after somebody asked for them.
    static final Duration KEPT = Duration.ofMinutes(10);

    /// Snapshots whose files stay at once; the one that was asked for longest ago goes first.
    static final int SNAPSHOTS_MAX = 32;

    private final ProfileStore store;
    private final InstantSource clock;
    private final Deque<Lease> leases = new ArrayDeque<>();

    private static final class Lease {
        private final TenantId tenant;
        private final IcebergTables tables;
        private long askedMillis;

        Lease(TenantId tenant, IcebergTables tables, long askedMillis) {
            this.tenant = tenant;
            this.tables = tables;
            this.askedMillis = askedMillis;
        }
    }

    SharedTables(ProfileStore store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /// The tables as they are now.
    ///
    /// @param place URI under which their objects are
    synchronized IcebergTables now(TenantId tenant, String place) throws IOException {
        forget();
        IcebergTables tables = store.tables(tenant, place);
        for (Lease lease : leases) {
            if (lease.tenant.equals(tenant) && lease.tables.snapshotId() == tables.snapshotId()) {
                tables.close();
                lease.askedMillis = clock.millis();
                return lease.tables;
            }
        }
        leases.addFirst(new Lease(tenant, tables, clock.millis()));
        if (leases.size() > SNAPSHOTS_MAX) {
            leases.removeLast().tables.close();
        }
        return tables;
    }

    /// An object of the tables as they are, or were lately; null if there is none of that name.
    synchronized @Nullable StoredObject object(TenantId tenant, String name) throws IOException {
        for (Lease lease : leases) {
            StoredObject found = lease.tenant.equals(tenant) ? lease.tables.object(name) : null;
            if (found != null) {
                lease.askedMillis = clock.millis();
                return found;
            }
        }
        return null;
    }

    /// Lets go of what nobody asked for lately.
    synchronized void forget() {
        long now = clock.millis();
        Iterator<Lease> all = leases.iterator();
        while (all.hasNext()) {
            Lease lease = all.next();
            // A clock that was set back must not keep files for ever.
            long ago = now - lease.askedMillis;
            if (ago < 0) {
                lease.askedMillis = now;
            } else if (ago > KEPT.toMillis()) {
                lease.tables.close();
                all.remove();
            }
        }
    }

    @Override
    public synchronized void close() {
        leases.forEach(lease -> lease.tables.close());
        leases.clear();
    }
}
