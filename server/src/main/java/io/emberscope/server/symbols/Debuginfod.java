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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/// Asks debuginfod servers for files by build id (debuginfod(8) of elfutils: `GET
/// /buildid/BUILDID/debuginfo` and `/executable`; 404 if a server has none). Safe for use by
/// several threads.
final class Debuginfod implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);

    /// Until the head of the answer: servers unpack a package first.
    private static final Duration HEAD_MAX = Duration.ofSeconds(60);

    /// How long a server that failed is not asked.
    private static final Duration REST = Duration.ofMinutes(1);

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

    /// The servers, in the order in which they are to be asked; those that failed of late are left
    /// out.
    ///
    /// @throws IOException if none is left
    List<URI> servers() throws IOException {
        Instant now = clock.instant();
        List<URI> awake =
                servers.stream()
                        .filter(server -> !now.isBefore(restsUntil.getOrDefault(server, now)))
                        .toList();
        if (awake.isEmpty()) {
            throw new IOException("all servers failed of late");
        }
        return awake;
    }

    /// Fetches a file from a server. One that could not be asked, or sent something too long or too
    /// slowly, is left in peace for a while.
    ///
    /// @param target where it is written to
    /// @return whether it has it
    boolean fetch(URI server, String buildId, Kind kind, Path target)
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
