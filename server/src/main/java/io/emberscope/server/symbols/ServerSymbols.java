package io.emberscope.server.symbols;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Limits;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that a server has to do with symbols: the store, how files get into it, and what it tells of
/// profiles.
public final class ServerSymbols implements AutoCloseable {
    private final SymbolStore store;
    private final @Nullable MissingSymbols missing;
    private final StoredSymbols stored;
    private final DebugInfoApi api;

    private ServerSymbols(
            SymbolStore store,
            @Nullable MissingSymbols missing,
            StoredSymbols stored,
            DebugInfoApi api) {
        this.store = store;
        this.missing = missing;
        this.stored = stored;
        this.api = api;
    }

    /// Opens the store.
    ///
    /// @param directory that nobody else changes; made if it is missing
    /// @param bytesMax size of the symbol files of each tenant, and of those that all share
    /// @param debuginfod servers that are asked for what is missing
    /// @param clock what time it is
    public static ServerSymbols open(
            Path directory,
            Disk disk,
            long bytesMax,
            List<URI> debuginfod,
            Limits limits,
            InstantSource clock,
            ErrorAnswers errors,
            Metrics metrics)
            throws IOException {
        SymbolStore store =
                SymbolStore.open(directory, disk, bytesMax, limits.symbolBytesMax(), metrics);
        Incoming incoming =
                new Incoming(
                        disk, store.incoming(), Limits.DEBUG_FILE_BYTES_MAX, limits.idleTimeout());
        SymbolIntake intake =
                new SymbolIntake(
                        store,
                        incoming,
                        new SymbolBuilder(
                                disk,
                                store.incoming(),
                                Limits.SYMBOLS_TIME_MAX,
                                Limits.DEBUG_SCRATCH_BYTES_MAX));
        MissingSymbols missing =
                debuginfod.isEmpty()
                        ? null
                        : new MissingSymbols(
                                intake,
                                new Debuginfod(
                                        debuginfod, incoming, Limits.DEBUGINFOD_TIME_MAX, clock),
                                clock,
                                metrics);
        return new ServerSymbols(
                store,
                missing,
                new StoredSymbols(store, missing),
                new DebugInfoApi(store, intake, missing, errors));
    }

    /// What is known of the frames of profiles.
    public StoredSymbols stored() {
        return stored;
    }

    /// The routes for debug information.
    public DebugInfoApi api() {
        return api;
    }

    @Override
    public void close() {
        api.close();
        if (missing != null) {
            missing.close();
        }
        store.close();
    }
}
