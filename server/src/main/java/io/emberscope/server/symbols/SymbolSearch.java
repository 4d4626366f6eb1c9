package io.emberscope.server.symbols;

import java.io.IOException;
import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How far the search for the symbols of a binary has come. Servers without a place are asked
/// later, the others not again. For use by one thread at a time.
final class SymbolSearch {
    private final String buildId;
    private final Set<Question> asked = new HashSet<>();
    private @Nullable IOException failure;

    private record Question(URI server, Debuginfod.Kind kind) {}

    /// What servers were good for.
    enum Outcome {
        /// One had them.
        FOUND,
        /// One had the binary, but none its debug information.
        STRIPPED,
        /// None has; each was asked.
        ABSENT,
        /// One had no place, though it was waited for; it is still to be asked.
        NO_PLACE
    }

    SymbolSearch(String buildId) {
        this.buildId = buildId;
    }

    String buildId() {
        return buildId;
    }

    /// Those of servers that are still to be asked.
    List<URI> unasked(List<URI> servers, Debuginfod.Kind kind) {
        return servers.stream()
                .filter(server -> !asked.contains(new Question(server, kind)))
                .toList();
    }

    /// A server has none.
    void asked(URI server, Debuginfod.Kind kind) {
        asked.add(new Question(server, kind));
    }

    /// A server could not be asked, or had something else.
    void failed(URI server, Debuginfod.Kind kind, IOException why) {
        asked(server, kind);
        failure = failure == null ? why : failure;
    }

    /// The first thing that went wrong, if anything did.
    @Nullable IOException failure() {
        return failure;
    }
}
