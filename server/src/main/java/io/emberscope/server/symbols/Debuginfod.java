package io.emberscope.server.symbols;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/// Asks debuginfod servers for files by build id, in the order in which they were given
/// (debuginfod(8) of elfutils: `GET /buildid/BUILDID/debuginfo` and `/executable`; 404 if a server
/// has none). Safe for use by several threads.
final class Debuginfod implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);

    /// Until the head of the answer: servers unpack a package first.
    private static final Duration HEAD_MAX = Duration.ofSeconds(90);

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

    /// What a server has of a binary.
    enum Kind {
        /// A file with its debug information.
        DEBUGINFO,
        /// The binary itself.
        EXECUTABLE
    }

    /// @param servers without the path
    /// @param fileMax time for one file
    Debuginfod(List<URI> servers, Incoming incoming, Duration fileMax) {
        this.servers = List.copyOf(servers);
        this.incoming = incoming;
        this.fileMax = fileMax;
    }

    /// Fetches a file from the first server that has it.
    ///
    /// @param target where it is written to
    /// @return whether a server has it
    /// @throws IOException if one could not be asked and the others have none, or the file is too
    ///   long or takes too long
    boolean fetch(String buildId, Kind kind, Path target) throws IOException, InterruptedException {
        IOException failure = null;
        for (URI server : servers) {
            try {
                if (fetch(server, buildId, kind, target)) {
                    return true;
                }
            } catch (IOException e) {
                if (failure == null) {
                    failure = new IOException(server + ": " + text(e), e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        return false;
    }

    private boolean fetch(URI server, String buildId, Kind kind, Path target)
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

    private static String text(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
