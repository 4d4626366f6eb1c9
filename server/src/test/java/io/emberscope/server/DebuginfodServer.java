package io.emberscope.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// debuginfod, as far as its protocol goes: files by build id and kind.
final class DebuginfodServer implements AutoCloseable {
    final Map<String, byte[]> files = new ConcurrentHashMap<>();

    /// Files of which only the beginning comes.
    final Set<String> stalled = ConcurrentHashMap.newKeySet();

    /// Files that are answered with status 500.
    final Set<String> broken = ConcurrentHashMap.newKeySet();

    /// How long each file takes.
    volatile Duration delay = Duration.ZERO;

    final Map<String, Integer> asked = new ConcurrentHashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer http;

    DebuginfodServer() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.setExecutor(threads);
        http.createContext("/buildid/", this::answer);
        http.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String what = exchange.getRequestURI().getPath().substring(9);
        asked.merge(what, 1, Integer::sum);
        if (broken.contains(what)) {
            exchange.sendResponseHeaders(500, -1);
            exchange.close();
            return;
        }
        byte[] file = files.get(what);
        boolean isStalled = stalled.contains(what);
        exchange.sendResponseHeaders(file == null && !isStalled ? 404 : 200, file == null ? -1 : 0);
        try (OutputStream out = exchange.getResponseBody()) {
            if (file != null) {
                boolean _ = closing.await(delay.toMillis(), TimeUnit.MILLISECONDS);
                out.write(file, 0, isStalled ? file.length / 2 : file.length);
            }
            if (isStalled) {
                out.flush();
                closing.await();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    String url() {
        return "http://127.0.0.1:" + http.getAddress().getPort() + "/";
    }

    /// Starts a server that asks this one.
    RunningServer askedBy(Path data) throws IOException {
        return RunningServer.start(data, "--debuginfod", url());
    }

    @Override
    public void close() {
        closing.countDown();
        http.stop(0);
        threads.shutdownNow();
    }
}
