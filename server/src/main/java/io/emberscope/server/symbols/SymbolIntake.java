package io.emberscope.server.symbols;

import io.emberscope.base.OverCapacityException;
import io.emberscope.profile.TenantId;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    /// @throws OverCapacityException if too many wait
    Taken take(TenantId tenant, InputStream in)
            throws IOException, OverCapacityException, InterruptedException {
        Path path = incoming.next();
        incoming.write(path, in);
        try {
            SymbolBuilder.Built built = builder.build(path, null, null);
            try {
                return new Taken(store.add(tenant, built.file()), built);
            } finally {
                incoming.delete(built.file());
            }
        } finally {
            incoming.delete(path);
        }
    }

    /// Goes on with the search for the symbols of a binary, which are for everybody, until a server
    /// has them. One that fails, or has something else, does not keep the others from being asked.
    /// One without a place does not either, but the binary itself, which says less, is not asked
    /// for before each was asked for its debug information, and not again if it is there.
    ///
    /// @throws IOException if none has, and one could not be asked or had something else
    SymbolSearch.Outcome fetch(Debuginfod servers, SymbolSearch search)
            throws IOException, OverCapacityException, InterruptedException {
        for (Debuginfod.Kind kind : kinds(search.buildId())) {
            for (URI server : search.unasked(servers.servers(), kind)) {
                try (Debuginfod.Place place = servers.place(server)) {
                    if (place != null) {
                        SymbolStore.About kept = fetch(place, search.buildId(), kind);
                        if (kept != null) {
                            return kept.isWhole()
                                    ? SymbolSearch.Outcome.FOUND
                                    : SymbolSearch.Outcome.STRIPPED;
                        }
                        search.asked(server, kind);
                    }
                } catch (IOException e) {
                    search.failed(server, kind, e);
                }
            }
            if (!search.unasked(servers.servers(), kind).isEmpty()) {
                return SymbolSearch.Outcome.NO_PLACE;
            }
        }
        IOException failure = search.failure();
        if (failure != null) {
            throw failure;
        }
        return store.hasShared(search.buildId())
                ? SymbolSearch.Outcome.STRIPPED
                : SymbolSearch.Outcome.ABSENT;
    }

    private List<Debuginfod.Kind> kinds(String buildId) {
        return store.hasShared(buildId)
                ? List.of(Debuginfod.Kind.DEBUGINFO)
                : List.of(Debuginfod.Kind.values());
    }

    /// Returns what is kept for its build id now, or null if the server has no such file.
    private SymbolStore.@Nullable About fetch(
            Debuginfod.Place place, String buildId, Debuginfod.Kind kind)
            throws IOException, OverCapacityException, InterruptedException {
        Path path = incoming.next();
        try {
            if (!place.fetch(buildId, kind, path)) {
                return null;
            }
            SymbolBuilder.Built built = builder.build(path, buildId, null);
            try {
                return BuildIds.isLegal(built.supplement())
                        ? addWithSupplement(place, buildId, path, built)
                        : store.addShared(built.file());
            } finally {
                incoming.delete(built.file());
            }
        } finally {
            incoming.delete(path);
        }
    }

    /// With the file that it shares debug information with, if the server has that.
    private SymbolStore.About addWithSupplement(
            Debuginfod.Place place, String buildId, Path path, SymbolBuilder.Built without)
            throws IOException, OverCapacityException, InterruptedException {
        Path other = incoming.next();
        try {
            Debuginfod.Kind kind = Debuginfod.Kind.DEBUGINFO;
            if (!place.fetch(without.supplement(), kind, other)) {
                return store.addShared(without.file());
            }
            return store.addShared(builder.build(path, buildId, other).file());
        } finally {
            incoming.delete(other);
        }
    }
}
