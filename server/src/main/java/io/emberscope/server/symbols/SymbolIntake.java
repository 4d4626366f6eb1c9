package io.emberscope.server.symbols;

import io.emberscope.profile.TenantId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/// The way of a file into the store of symbols: written down, read by the builder, kept as a symbol
/// file. Safe for use by several threads.
final class SymbolIntake {
    private final SymbolStore store;
    private final Incoming incoming;
    private final SymbolBuilder builder;

    /// What became of a file.
    ///
    /// @param about what is kept
    /// @param built how it was made
    record Taken(SymbolStore.About about, SymbolBuilder.Built built) {}

    SymbolIntake(SymbolStore store, Incoming incoming, SymbolBuilder builder) {
        this.store = store;
        this.incoming = incoming;
        this.builder = builder;
    }

    /// Takes what a tenant sends: a binary, its debug file, or a symbol file.
    ///
    /// @throws io.emberscope.base.bytes.MalformedInputException if it is nothing of that
    /// @throws io.emberscope.base.disk.DiskFullException if there is no room
    Taken take(TenantId tenant, InputStream in) throws IOException, InterruptedException {
        Path path = incoming.next();
        incoming.write(path, in);
        try {
            SymbolBuilder.Built built = builder.build(path, null, null);
            return new Taken(store.add(tenant, built.file()), built);
        } finally {
            incoming.delete(path);
        }
    }

    /// Fetches the symbols of a binary for everybody.
    ///
    /// @return whether there are any
    boolean fetch(Debuginfod servers, String buildId) throws IOException, InterruptedException {
        Path path = incoming.next();
        try {
            if (!servers.fetch(buildId, Debuginfod.Kind.DEBUGINFO, path)
                    && !servers.fetch(buildId, Debuginfod.Kind.EXECUTABLE, path)) {
                return false;
            }
            SymbolBuilder.Built built = builder.build(path, buildId, null);
            store.addShared(built.file());
            if (BuildIds.isLegal(built.supplement())) {
                fetchSupplement(servers, buildId, path, built.supplement());
            }
            return true;
        } finally {
            incoming.delete(path);
        }
    }

    private void fetchSupplement(Debuginfod servers, String buildId, Path path, String supplement)
            throws IOException, InterruptedException {
        Path other = incoming.next();
        try {
            if (servers.fetch(supplement, Debuginfod.Kind.DEBUGINFO, other)) {
                store.addShared(builder.build(path, buildId, other).file());
            }
        } finally {
            incoming.delete(other);
        }
    }
}
