package io.emberscope.server;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.Limits;
import io.emberscope.storage.StoreOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the operator may choose. Everything else is a constant in
/// [io.emberscope.server.edge.Limits].
///
/// @param listen where to listen; port 0 takes a free one
/// @param open whether listening beyond loopback is meant
/// @param allowedHosts names besides the loopback ones that a Host header may have
/// @param data directory of the profiles
/// @param retention profiles older than this are deleted
/// @param retentionBytes the oldest profiles are deleted above this
/// @param symbolsBytes size of all symbol files; those used longest ago are deleted above this
/// @param debuginfod servers that are asked for the symbols that profiles miss
/// @param flushInterval how long profiles stay in memory before they become a segment
public record ServerOptions(
        ListenAddress listen,
        boolean open,
        List<String> allowedHosts,
        Path data,
        Optional<Duration> retention,
        Optional<Long> retentionBytes,
        Optional<Long> symbolsBytes,
        List<URI> debuginfod,
        Optional<Duration> flushInterval) {
    /// Room for symbols unless said otherwise.
    static final long SYMBOLS_BYTES_DEFAULT = 10L << 30;

    public ServerOptions {
        allowedHosts = List.copyOf(allowedHosts);
        debuginfod = List.copyOf(debuginfod);
    }

    /// What `--help` prints.
    public static String help() {
        StoreOptions store = StoreOptions.defaults();
        return """
            usage: emberscope server --data DIR [options]

            Keeps profiles that arrive over OTLP, answers queries and serves the web view.

              --listen HOST:PORT     address to listen on (default 127.0.0.1:4040); port 0 takes a
                                     free one and prints it
              --open                 really listen beyond loopback: there are no tokens yet, so
                                     everybody who reaches the port can read and write profiles
              --allow-host NAME      a name besides localhost under which browsers and agents reach
                                     this server, as in the Host header (may be repeated)
              --data DIR             directory that keeps the profiles; made if missing
              --retention DURATION   delete profiles older than this, such as 7d (default %s)
              --retention-size SIZE  delete the oldest profiles above this, such as 10GiB
                                     (default %s)
              --symbols-size SIZE    delete the symbols used longest ago above this (default %s)
              --debuginfod URL       ask this debuginfod server for the symbols that profiles miss,
                                     such as https://debuginfod.debian.net (may be repeated); it
                                     is told the build ids of what runs here
              --flush-interval DURATION
                                     how long profiles stay in memory and log before they become a
                                     Parquet segment (default %s)
              --help                 this text

            Stop it with Ctrl-C or SIGTERM: it finishes what it has taken.
            """
                .formatted(
                        Quantities.text(store.retention()),
                        Quantities.text(store.retentionBytesMax()),
                        Quantities.text(SYMBOLS_BYTES_DEFAULT),
                        Quantities.text(store.windowAgeMax()));
    }

    /// The limits of the store.
    StoreOptions storeOptions(Limits limits) {
        StoreOptions store = StoreOptions.defaults();
        long windowBytes = Math.min(store.windowBytesMax(), limits.storeBytesMax() / 3);
        return store.withWindow(windowBytes, flushInterval.orElse(store.windowAgeMax()))
                .withMemory(Math.max(windowBytes, limits.storeBytesMax()))
                .withCache(limits.cacheBytesMax())
                .withRetention(
                        retention.orElse(store.retention()),
                        retentionBytes.orElse(store.retentionBytesMax()));
    }

    /// Reads command line arguments.
    ///
    /// @throws MalformedInputException with a message for the operator
    public static ServerOptions parse(List<String> arguments) throws MalformedInputException {
        Builder builder = new Builder();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (name.equals("--open") && equals < 0) {
                builder.open = true;
                continue;
            }
            String value;
            if (equals >= 0) {
                value = argument.substring(equals + 1);
            } else if (Builder.takesValue(name) && i + 1 < arguments.size()) {
                value = arguments.get(++i);
            } else {
                value = "";
            }
            builder.set(name, value);
        }
        return builder.build();
    }

    private static final class Builder {
        private static final List<String> WITH_VALUE =
                List.of(
                        "--listen",
                        "--allow-host",
                        "--data",
                        "--retention",
                        "--retention-size",
                        "--symbols-size",
                        "--debuginfod",
                        "--flush-interval");

        private ListenAddress listen = ListenAddress.DEFAULT;
        private boolean open;
        private final List<String> hosts = new ArrayList<>();
        private Optional<Path> data = Optional.empty();
        private Optional<Duration> retention = Optional.empty();
        private Optional<Long> retentionBytes = Optional.empty();
        private Optional<Long> symbolsBytes = Optional.empty();
        private final List<URI> debuginfod = new ArrayList<>();
        private Optional<Duration> flushInterval = Optional.empty();

        static boolean takesValue(String name) {
            return WITH_VALUE.contains(name);
        }

        void set(String name, String value) throws MalformedInputException {
            if (!takesValue(name)) {
                throw new MalformedInputException(
                        name + ": unknown option (expected: one of those that --help lists)");
            }
            if (value.isEmpty()) {
                throw new MalformedInputException(name + ": nothing (expected: a value after it)");
            }
            switch (name) {
                case "--listen" -> listen = ListenAddress.parse(value);
                case "--allow-host" -> hosts.add(value);
                case "--data" -> data = Optional.of(path(name, value));
                case "--retention" -> retention = Optional.of(Quantities.duration(name, value));
                case "--retention-size" ->
                        retentionBytes = Optional.of(Quantities.bytes(name, value));
                case "--symbols-size" -> symbolsBytes = Optional.of(Quantities.bytes(name, value));
                case "--debuginfod" -> debuginfod.add(httpUrl(name, value));
                case "--flush-interval" ->
                        flushInterval = Optional.of(Quantities.duration(name, value));
                default -> throw new IllegalStateException(name);
            }
        }

        private static Path path(String name, String value) throws MalformedInputException {
            try {
                return Path.of(value);
            } catch (InvalidPathException e) {
                throw new MalformedInputException(
                        name + ": " + e.getReason() + " (expected: a path)", e);
            }
        }

        private static URI httpUrl(String name, String value) throws MalformedInputException {
            String rule = name + ": " + value + " (expected: http://HOST or https://HOST)";
            try {
                URI uri = new URI(value.replaceFirst("/+$", ""));
                boolean isHttp = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
                if (!isHttp
                        || uri.getHost() == null
                        || uri.getRawQuery() != null
                        || uri.getRawFragment() != null) {
                    throw new MalformedInputException(rule);
                }
                return uri;
            } catch (URISyntaxException e) {
                throw new MalformedInputException(rule, e);
            }
        }

        ServerOptions build() throws MalformedInputException {
            if (!open && !listen.isLoopback()) {
                throw new MalformedInputException(
                        "--listen: "
                                + listen
                                + " is reachable from other machines (expected: a loopback address"
                                + " such as "
                                + ListenAddress.DEFAULT
                                + "; or --open as well, if everybody who reaches it may read and"
                                + " write profiles, for there are no tokens yet)");
            }
            return new ServerOptions(
                    listen,
                    open,
                    hosts,
                    data.orElseThrow(
                            () ->
                                    new MalformedInputException(
                                            "--data: missing (expected: a directory for the"
                                                    + " profiles)")),
                    retention,
                    retentionBytes,
                    symbolsBytes,
                    debuginfod,
                    flushInterval);
        }
    }
}
