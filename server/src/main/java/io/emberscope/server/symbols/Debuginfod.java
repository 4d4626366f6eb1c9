package io.emberscope.server.symbols;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Asks debuginfod servers for files by build id (debuginfod(8) of elfutils: `GET
/// /buildid/BUILDID/debuginfo` and `/executable`; 404 if a server has none). Each has two places,
/// so that one that holds up whoever asks it leaves threads for the others. Safe for use by several
/// threads.
final class Debuginfod implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);

    /// Until the head of the answer: servers unpack a package first.
    private static final Duration HEAD_MAX = Duration.ofSeconds(60);

    /// How long a server that failed is not asked.
    private static final Duration REST = Duration.ofMinutes(1);

    /// Binaries that are had from one server at once.
    private static final int PLACES = 2;

    private static final int AT_ONCE_MAX = 16;

    /// How long somebody waits for a place, before he does something else.
    private static final Duration PLACE_MAX = Duration.ofSeconds(1);

    private static final int OK = 200;
    private static final int NOT_FOUND = 404;

    private final HttpClient client =
            HttpClient.newBuilder()
                    .connectTimeout(CONNECT_MAX)
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .build();
    private final List<URI> servers;
    private final Incoming incoming;
    private final Duration fileMax;
    private final InstantSource clock;
    private final Map<URI, Instant> restsUntil = new ConcurrentHashMap<>();
    private final Map<URI, Semaphore> places = new ConcurrentHashMap<>();

    /// What a server has of a binary.
    enum Kind {
        /// A file with its debug information.
        DEBUGINFO,
        /// The binary itself.
        EXECUTABLE
    }

    /// @param servers without the path
    /// @param fileMax time for one file
    Debuginfod(List<URI> servers, Incoming incoming, Duration fileMax, InstantSource clock) {
        this.clock = clock;
        this.servers = List.copyOf(servers);
        this.incoming = incoming;
        this.fileMax = fileMax;
    }

    /// How many threads may ask: as many as all servers have places.
    int atOnce() {
        return Math.min(PLACES * servers.size(), AT_ONCE_MAX);
    }

    /// The servers, in the order in which they are to be asked: those with a free place first,
    /// those that failed of late last.
    List<URI> servers() {
        List<URI> ordered = new ArrayList<>(servers);
        moveToEnd(ordered, server -> places(server).availablePermits() == 0);
        moveToEnd(ordered, this::rests);
        return ordered;
    }

    private static void moveToEnd(List<URI> ordered, Predicate<URI> which) {
        List<URI> moved = ordered.stream().filter(which).toList();
        ordered.removeAll(moved);
        ordered.addAll(moved);
    }

    private boolean rests(URI server) {
        return clock.instant().isBefore(restsUntil.getOrDefault(server, Instant.MIN));
    }

    private Semaphore places(URI server) {
        return places.computeIfAbsent(server, _ -> new Semaphore(PLACES, true));
    }

    /// Takes a place at a server, for all that is to be had of a binary. One that could not be
    /// asked, or sent something too long or too slowly, is left in peace for a while: it is not
    /// asked, which is a failure too.
    ///
    /// @return null if others keep all places for a while, which is no failure
    @Nullable Place place(URI server) throws IOException, InterruptedException {
        checkAwake(server);
        boolean isFree = places(server).tryAcquire(PLACE_MAX.toMillis(), TimeUnit.MILLISECONDS);
        return isFree ? new Place(server) : null;
    }

    /// A place at a server, to be given back. For use by one thread.
    final class Place implements AutoCloseable {
        private final URI server;

        private Place(URI server) {
            this.server = server;
        }

        /// Fetches a file.
        ///
        /// @param target where it is written to
        /// @return whether the server has it
        boolean fetch(String buildId, Kind kind, Path target)
                throws IOException, InterruptedException {
            checkAwake(server); // others may have been let down meanwhile
            return getOrRest(server, buildId, kind, target);
        }

        @Override
        public void close() {
            places(server).release();
        }
    }

    private void checkAwake(URI server) throws IOException {
        if (rests(server)) {
            throw new IOException(server + ": failed a short while ago");
        }
    }

    private boolean getOrRest(URI server, String buildId, Kind kind, Path target)
            throws IOException, InterruptedException {
        try {
            return get(server, buildId, kind, target);
        } catch (IOException e) {
            restsUntil.put(server, clock.instant().plus(REST));
            throw new IOException(server + ": " + Texts.of(e), e);
        }
    }

    private boolean get(URI server, String buildId, Kind kind, Path target)
            throws IOException, InterruptedException {
        String what = kind == Kind.DEBUGINFO ? "debuginfo" : "executable";
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(server + "/buildid/" + buildId + '/' + what))
                        .header("user-agent", "emberscope")
                        .timeout(HEAD_MAX)
                        .build();
        HttpResponse<InputStream> answer =
                client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = answer.body()) {
            if (answer.statusCode() == NOT_FOUND) {
                return false;
            }
            if (answer.statusCode() != OK) {
                throw new IOException("status " + answer.statusCode() + " (expected: 200 or 404)");
            }
            write(body, target);
            return true;
        }
    }

    /// A body that stops coming is closed by another thread, which wakes whoever reads it.
    private void write(InputStream body, Path target) throws IOException {
        boolean[] isLate = {false};
        Executor later =
                CompletableFuture.delayedExecutor(fileMax.toMillis(), TimeUnit.MILLISECONDS);
        CompletableFuture<Void> end =
                CompletableFuture.runAsync(
                        () -> {
                            synchronized (isLate) {
                                isLate[0] = true;
                            }
                            closeQuietly(body);
                        },
                        later);
        try {
            incoming.write(target, body);
        } finally {
            end.cancel(false);
        }
        synchronized (isLate) {
            if (isLate[0]) {
                incoming.delete(target);
                throw new IOException(
                        "file: not whole after " + fileMax.toSeconds() + " s (expected: by then)");
            }
        }
    }

    private static void closeQuietly(InputStream body) {
        try {
            body.close();
        } catch (IOException _) {
            // It is read no longer.
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
