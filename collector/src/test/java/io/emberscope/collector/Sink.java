package io.emberscope.collector;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.emberscope.base.Await;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.OtlpDecoder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

/// A server of OTLP profiles that keeps what it gets, each batch once, and can be told to refuse.
final class Sink implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final HttpServer server;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Map<String, ProfileBatch> batches = new LinkedHashMap<>();
    private final List<String> arrivals = new ArrayList<>();
    private volatile int status = 200;

    Sink() throws IOException {
        this(0);
    }

    Sink(int port) throws IOException {
        server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(executor);
        server.createContext("/v1development/profiles", this::receive);
        server.start();
    }

    String address() {
        return "http://127.0.0.1:" + port();
    }

    int port() {
        return server.getAddress().getPort();
    }

    /// Answers so from now on; anything but 200 keeps nothing.
    void answer(int code) {
        status = code;
    }

    /// All batches so far.
    synchronized Received received() {
        return new Received(List.copyOf(batches.values()));
    }

    /// Waits until a batch has a sample that fits.
    void await(Predicate<Received.Sample> wanted) throws Exception {
        Await.until(PATIENCE, () -> received().nanos(wanted) > 0);
    }

    /// The batch ids that were accepted, in order, repeated ones too.
    synchronized List<String> arrivals() {
        return List.copyOf(arrivals);
    }

    /// Goes away; what was received stays.
    void stop() {
        server.stop(0);
        executor.shutdownNow();
    }

    @Override
    public void close() {
        stop();
    }

    private void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        int code = status;
        if (code == 200) {
            try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(body))) {
                keep(
                        exchange.getRequestHeaders().getFirst(BatchId.HEADER),
                        OtlpDecoder.decode(gzip.readAllBytes(), IngestLimits.DEFAULT));
            } catch (MalformedInputException e) {
                code = 400;
            }
        }
        exchange.sendResponseHeaders(code, -1);
        exchange.close();
    }

    private synchronized void keep(String id, ProfileBatch batch) {
        arrivals.add(id);
        batches.putIfAbsent(id, batch);
    }
}
