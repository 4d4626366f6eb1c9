package io.emberscope.server.catalog;

import com.linecorp.armeria.common.CommonPools;
import com.linecorp.armeria.server.HttpService;
import io.emberscope.storage.ProfileStore;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// The tables of a store for SQL engines: the catalog, and the objects it speaks of.
public final class Catalog implements AutoCloseable {
    private final SharedTables tables;
    private final CatalogApi api;
    private final TableObjects objects;
    private final Future<?> forgetting;

    /// @param store whose tables they are
    /// @param clock what time it is
    public Catalog(ProfileStore store, InstantSource clock) {
        S3Credentials credentials = S3Credentials.fresh();
        tables = new SharedTables(store, clock);
        api = new CatalogApi(tables, credentials);
        objects = new TableObjects(tables, credentials, clock);
        forgetting =
                CommonPools.workerGroup()
                        .next()
                        .scheduleWithFixedDelay(tables::forget, 1, 1, TimeUnit.MINUTES);
    }

    /// Every path and what answers it; all are for GET and HEAD.
    public Map<String, HttpService> routes() {
        Map<String, HttpService> routes = new LinkedHashMap<>(api.routes());
        routes.put(TableObjects.PATH, objects.service());
        return routes;
    }

    /// Lets go of all files.
    @Override
    public void close() {
        forgetting.cancel(false);
        tables.close();
    }
}
