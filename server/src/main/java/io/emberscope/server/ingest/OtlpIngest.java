package io.emberscope.server.ingest;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import io.emberscope.profile.otlp.DecodedRequest;
import io.emberscope.profile.otlp.OtlpDecoder;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import io.emberscope.storage.Appended;
import io.emberscope.storage.ProfileStore;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// `POST /v1development/profiles`: one OTLP `ExportProfilesServiceRequest` in protobuf, plain or
/// compressed. The answer is 200 only once the store has made the profiles durable.
public final class OtlpIngest implements HttpService, AutoCloseable {
    /// Where OTLP/HTTP sends profiles.
    public static final String PATH = "/v1development/profiles";

    private static final String MEDIA_TYPE = "application/x-protobuf";
    static final MediaType PROTOBUF = MediaType.create("application", "x-protobuf");
    private static final int SHOWN_MAX = 60;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final ProfileStore store;
    private final InstantSource clock;
    private final Limits limits;
    private final IngestLimits shape;
    private final ErrorAnswers errors;
    private final ByteBudget memory;
    private final ThreadPoolExecutor decoders;
    private final IngestMetrics counts;

    /// @param store where profiles go
    /// @param clock when profiles that do not say it are taken to have ended
    public OtlpIngest(
            ProfileStore store,
            InstantSource clock,
            Limits limits,
            ErrorAnswers errors,
            Metrics metrics) {
        this.store = store;
        this.clock = clock;
        this.limits = limits;
        this.shape =
                IngestLimits.DEFAULT.with(
                        IngestLimits.Limit.REQUEST_BYTES, limits.ingestBodyBytesMax());
        this.errors = errors;
        this.memory = new ByteBudget("requests under way", limits.ingestBytesInFlight());
        this.counts = new IngestMetrics(metrics);
        int threads = Runtime.getRuntime().availableProcessors();
        this.decoders =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        1,
                        TimeUnit.MINUTES,
                        new ArrayBlockingQueue<>(Limits.INGEST_QUEUE_MAX),
                        Thread.ofPlatform().name("ingest-", 0).daemon().factory());
        decoders.allowCoreThreadTimeOut(true);
        metrics.gauge(
                "emberscope_server_ingest_bytes",
                "Bytes that ingest requests under way hold now.",
                memory::used);
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
        OtlpErrors otlpErrors = new OtlpErrors(errors, request.headers());
        ContentCoding coding;
        BatchId batchId;
        try {
            coding = checkHeaders(request.headers());
            batchId = batchId(request.headers());
        } catch (Refusal | MalformedInputException e) {
            return otlpErrors.answer(e);
        }
        ByteBudget.Reservation held = memory.open();
        CompletableFuture<HttpResponse> response =
                BodyReader.read(request, held)
                        .thenCompose(wire -> decodeAndAppend(wire, coding, batchId, held))
                        .handle(
                                (_, thrown) -> {
                                    held.close();
                                    return thrown == null ? accepted() : otlpErrors.answer(thrown);
                                });
        return HttpResponse.of(response);
    }

    @Override
    public void close() {
        decoders.shutdownNow();
    }

    private ContentCoding checkHeaders(RequestHeaders headers) throws Refusal {
        List<String> types = headers.getAll(HttpHeaderNames.CONTENT_TYPE);
        MediaType type = headers.contentType();
        if (types.size() != 1 || type == null || !type.is(PROTOBUF)) {
            String found = types.isEmpty() ? "missing" : shown(String.join(", ", types));
            throw Refusal.unsupported("content-type: " + found + " (expected: " + MEDIA_TYPE + ")");
        }
        return ContentCoding.of(headers.getAll(HttpHeaderNames.CONTENT_ENCODING));
    }

    private static @Nullable BatchId batchId(RequestHeaders headers)
            throws MalformedInputException {
        List<String> ids = headers.getAll(BatchId.HEADER);
        if (ids.size() > 1) {
            throw new MalformedInputException(
                    BatchId.HEADER + ": given " + ids.size() + " times (expected: once)");
        }
        return ids.isEmpty() ? null : BatchId.parse(ids.getFirst());
    }

    private CompletableFuture<Appended> decodeAndAppend(
            byte[] wire,
            ContentCoding coding,
            @Nullable BatchId batchId,
            ByteBudget.Reservation held) {
        CompletableFuture<Appended> appended = new CompletableFuture<>();
        try {
            decoders.execute(
                    () -> {
                        try {
                            append(decode(wire, coding, held), batchId, appended);
                        } catch (Exception e) {
                            appended.completeExceptionally(e);
                        }
                    });
        } catch (RejectedExecutionException e) {
            appended.completeExceptionally(
                    Refusal.busy(
                            "requests: too many (expected: at most "
                                    + Limits.INGEST_QUEUE_MAX
                                    + " waiting)",
                            Limits.RETRY_AFTER_BUSY));
        }
        return appended;
    }

    private ProfileBatch decode(byte[] wire, ContentCoding coding, ByteBudget.Reservation held)
            throws IOException, OverCapacityException, Refusal {
        if (wire.length == 0) {
            throw new MalformedInputException(
                    "body: empty (expected: an ExportProfilesServiceRequest)");
        }
        byte[] decoded = coding.decode(wire, limits.ingestBodyBytesMax(), held);
        DecodedRequest request = OtlpDecoder.decode(decoded, shape, nowNanos());
        counts.decoded(request);
        return request.batch();
    }

    private long nowNanos() {
        Instant now = clock.instant();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }

    private void append(
            ProfileBatch batch, @Nullable BatchId batchId, CompletableFuture<Appended> appended) {
        if (batch.profiles().isEmpty()) {
            appended.complete(Appended.STORED);
            return;
        }
        var _ =
                store.append(TenantId.DEFAULT, batchId, batch)
                        .whenComplete(
                                (outcome, thrown) -> {
                                    if (thrown == null) {
                                        counts.acknowledged(batch, outcome);
                                        appended.complete(outcome);
                                    } else {
                                        appended.completeExceptionally(thrown);
                                    }
                                });
    }

    /// An `ExportProfilesServiceResponse` without a word on rejected profiles is an empty message.
    private static HttpResponse accepted() {
        return HttpResponse.of(HttpStatus.OK, PROTOBUF, HttpData.empty());
    }

    private static String shown(String text) {
        return text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "..." : text;
    }
}
