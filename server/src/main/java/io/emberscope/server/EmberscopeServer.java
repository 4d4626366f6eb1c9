package io.emberscope.server;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.metric.NoopMeterRegistry;
import com.linecorp.armeria.common.util.ThreadFactories;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.catalog.Catalog;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.HostCheck;
import io.emberscope.server.edge.HostNames;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.UnreadBody;
import io.emberscope.server.ingest.OtlpIngest;
import io.emberscope.server.query.QueryApi;
import io.emberscope.server.status.StatusApi;
import io.emberscope.server.symbols.DebugInfoApi;
import io.emberscope.server.symbols.ServerSymbols;
import io.emberscope.server.web.WebFiles;
import io.emberscope.storage.ProfileStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemException;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletionException;

/// One running server: a store, and the routes that fill and ask it.
public final class EmberscopeServer implements AutoCloseable {
    /// Directory of symbols below that of the profiles.
    private static final String SYMBOLS = "symbols";

    private final ProfileStore store;
    private final OtlpIngest ingest;
    private final QueryApi queries;
    private final ServerSymbols symbols;
    private final Catalog catalog;
    private final Server http;
    private final URI uri;

    private EmberscopeServer(
            ServerOptions options,
            Limits limits,
            ProfileStore store,
            ServerSymbols symbols,
            InstantSource clock,
            ErrorAnswers errors,
            Metrics metrics) {
        this.store = store;
        this.symbols = symbols;
        this.ingest = new OtlpIngest(store, clock, limits, errors, metrics);
        this.queries = new QueryApi(store, symbols.stored(), clock, limits, errors, metrics);
        this.catalog = new Catalog(store, clock, limits, metrics);
        WebFiles web = new WebFiles(EmberscopeServer.class.getClassLoader(), errors);
        StatusApi status = new StatusApi(store, clock, web.isBuilt(), errors, metrics);

        ServerBuilder builder = Server.builder().http(options.listen().socketAddress());
        setLimits(builder, limits);
        setHeaders(builder);
        builder.errorHandler(errors);
        builder.decorator(
                new HostCheck(new HostNames(options.open(), options.allowedHosts()), errors));
        // Added last, so it is around all others.
        builder.decorator(new UnreadBody());
        builder.route()
                .post(OtlpIngest.PATH)
                .maxRequestLength(limits.ingestBodyBytesMax())
                .build(ingest);
        builder.route()
                .post(DebugInfoApi.PATH)
                .maxRequestLength(Limits.DEBUG_FILE_BYTES_MAX)
                .requestTimeout(Limits.UPLOAD_TIMEOUT)
                .build(symbols.api().upload());
        builder.route().get(DebugInfoApi.PATH).build(symbols.api().list());
        bind(builder, queries.routes());
        bind(builder, status.routes());
        bind(builder, web.routes());
        catalog.routes()
                .forEach(
                        (path, service) ->
                                builder.route()
                                        .get(path)
                                        .head(path)
                                        .requestTimeout(Limits.TABLE_TIMEOUT)
                                        .build(service));
        this.http = builder.build();
        try {
            http.start().join();
        } catch (CompletionException e) {
            ingest.close();
            queries.close();
            catalog.close();
            throw e;
        }
        this.uri =
                URI.create(
                        "http://"
                                + new ListenAddress(
                                        options.listen().host(),
                                        options.listen().address(),
                                        http.activeLocalPort()));
    }

    /// Opens the store, which replays what was acknowledged before, and then the port.
    ///
    /// @param disk where the store keeps its files
    /// @param clock what time it is
    /// @throws IOException if the data cannot be read or the port cannot be had
    public static EmberscopeServer start(
            ServerOptions options, Limits limits, Disk disk, InstantSource clock, Metrics metrics)
            throws IOException {
        ErrorAnswers errors = new ErrorAnswers(limits, metrics);
        ProfileStore store = null;
        ServerSymbols symbols;
        try {
            store =
                    ProfileStore.open(
                            options.data(), options.storeOptions(limits), disk, clock, metrics);
            // Only now: the store has claimed the directory.
            symbols =
                    ServerSymbols.open(
                            options.data().resolve(SYMBOLS),
                            disk,
                            options.symbolsBytes().orElse(ServerOptions.SYMBOLS_BYTES_DEFAULT),
                            options.debuginfod(),
                            limits,
                            clock,
                            errors,
                            metrics);
        } catch (IOException e) {
            if (store != null) {
                store.close();
            }
            throw new IOException("--data: " + options.data() + ": " + what(e), e);
        }
        try {
            return new EmberscopeServer(options, limits, store, symbols, clock, errors, metrics);
        } catch (CompletionException e) {
            symbols.close();
            store.close();
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(
                    "--listen: " + options.listen() + ": " + cause.getMessage(), cause);
        }
    }

    /// What went wrong; the exceptions of the file system often say no more than the path.
    private static String what(IOException e) {
        return e instanceof FileSystemException file && file.getReason() == null
                ? e.getClass().getSimpleName() + " at " + file.getFile()
                : String.valueOf(e.getMessage());
    }

    /// Where the server is reached, with the port it really has.
    public URI uri() {
        return uri;
    }

    /// Takes no new requests, answers those under way, and makes everything it holds a segment.
    @Override
    public void close() throws IOException {
        http.stop().join();
        queries.close();
        catalog.close();
        symbols.close();
        ingest.close();
        store.close();
    }

    /// The routes that are live, for the test that every one of them is guarded.
    Server http() {
        return http;
    }

    private static void bind(ServerBuilder builder, Map<String, HttpService> routes) {
        routes.forEach((path, service) -> builder.route().get(path).build(service));
    }

    private static void setLimits(ServerBuilder builder, Limits limits) {
        builder.maxNumConnections(Limits.CONNECTIONS_MAX)
                .http2MaxStreamsPerConnection(Limits.HTTP2_STREAMS_PER_CONNECTION_MAX)
                .http2MaxResetFramesPerWindow(
                        Limits.HTTP2_RESETS_MAX, (int) Limits.HTTP2_RESET_WINDOW.toSeconds())
                .http1MaxInitialLineLength(Limits.REQUEST_LINE_BYTES_MAX)
                .http1MaxHeaderSize(Limits.HEADER_BYTES_MAX)
                .http2MaxHeaderListSize(Limits.HEADER_BYTES_MAX)
                .http1MaxChunkSize(Limits.HTTP1_CHUNK_BYTES_MAX)
                .idleTimeout(limits.idleTimeout())
                .requestTimeout(limits.requestTimeout())
                .maxRequestLength(Limits.UNUSED_BODY_BYTES_MAX)
                .bossGroupFactory(
                        name -> new AcceptorGroup(ThreadFactories.newThreadFactory(name, false)))
                .gracefulShutdownTimeout(Limits.SHUTDOWN_QUIET, Limits.SHUTDOWN_MAX)
                // Our own metrics say what there is to say.
                .meterRegistry(NoopMeterRegistry.get())
                // Failures are logged where they are answered, once.
                .unloggedExceptionsReportIntervalMillis(0);
    }

    private static void setHeaders(ServerBuilder builder) {
        builder.disableServerHeader()
                .setHeader(
                        HttpHeaderNames.CONTENT_SECURITY_POLICY, WebFiles.CONTENT_SECURITY_POLICY)
                .setHeader(HttpHeaderNames.X_CONTENT_TYPE_OPTIONS, "nosniff")
                .setHeader(HttpHeaderNames.REFERRER_POLICY, "no-referrer")
                .setHeader("cross-origin-resource-policy", "same-origin")
                .setHeader("cross-origin-opener-policy", "same-origin");
    }
}
