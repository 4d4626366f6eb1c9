package io.emberscope.server.catalog;

import com.linecorp.armeria.common.CommonPools;
import com.linecorp.armeria.server.HttpService;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.Limits;
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
    public Catalog(ProfileStore store, InstantSource clock, Limits limits, Metrics metrics) {
        S3Credentials credentials = S3Credentials.fresh();
        tables = new SharedTables(store, clock);
        api = new CatalogApi(tables, credentials);
        ByteBudget underWay = new ByteBudget("tables under way", limits.tableBytesInFlight());
        metrics.gauge(
                "emberscope_server_table_bytes",
                "Bytes of tables that wait for their readers now.",
                underWay::used);
        objects = new TableObjects(tables, credentials, clock, underWay);
        forgetting =
                CommonPools.blockingTaskExecutor()
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
