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
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tables as those who read them were told they are. An engine plans first and reads later, so
/// the files of a snapshot stay for a while after it was last asked for, also if the store has
/// merged or deleted them since. Safe for use by several threads.
final class SharedTables implements AutoCloseable {
    /// How long files stay after somebody asked for them.
    static final Duration KEPT = Duration.ofMinutes(10);

    /// How long they stay at most, however often somebody asks: retention must come to its end.
    static final Duration KEPT_MAX = Duration.ofHours(1);

    /// Snapshots whose files stay at once; the one that was asked for longest ago goes first.
    static final int SNAPSHOTS_MAX = 32;

    private final ProfileStore store;
    private final InstantSource clock;

    /// The one that was asked for last comes first.
    private final Deque<Lease> leases = new ArrayDeque<>();

    private static final class Lease {
        private final TenantId tenant;
        private final IcebergTables tables;
        private long sinceMillis;
        private long askedMillis;

        Lease(TenantId tenant, IcebergTables tables, long now) {
            this.tenant = tenant;
            this.tables = tables;
            this.sinceMillis = now;
            this.askedMillis = now;
        }

        boolean isOver(long now) {
            // A clock that was set back must not keep files for ever.
            sinceMillis = Math.min(sinceMillis, now);
            askedMillis = Math.min(askedMillis, now);
            return now - askedMillis > KEPT.toMillis() || now - sinceMillis > KEPT_MAX.toMillis();
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
                asked(lease);
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
    @Nullable StoredObject object(TenantId tenant, String name) throws IOException {
        // To look may take reading, for which nobody else should wait.
        for (Lease lease : of(tenant)) {
            StoredObject found = lease.tables.object(name);
            if (found != null) {
                asked(lease);
                return found;
            }
        }
        return null;
    }

    private synchronized List<Lease> of(TenantId tenant) {
        return leases.stream().filter(lease -> lease.tenant.equals(tenant)).toList();
    }

    private synchronized void asked(Lease lease) {
        if (leases.remove(lease)) {
            lease.askedMillis = clock.millis();
            leases.addFirst(lease);
        }
    }

    /// Lets go of what nobody asked for lately.
    synchronized void forget() {
        long now = clock.millis();
        Iterator<Lease> all = leases.iterator();
        while (all.hasNext()) {
            Lease lease = all.next();
            if (lease.isOver(now)) {
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
