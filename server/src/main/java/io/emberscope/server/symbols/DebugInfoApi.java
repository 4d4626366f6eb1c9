package io.emberscope.server.symbols;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.profile.TenantId;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Json;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// `/api/v1/debuginfo`: a POST takes a binary, its separate debug file or a symbol file, and
/// answers once profiles are named by it; a GET lists what there is, and what was looked for.
public final class DebugInfoApi implements AutoCloseable {
    /// Where debug information is sent to and listed.
    public static final String PATH = "/api/v1/debuginfo";

    private static final String MEDIA_TYPE = "application/octet-stream";

    private final SymbolStore store;
    private final SymbolIntake intake;
    private final @Nullable MissingSymbols missing;
    private final ErrorAnswers errors;
    private final ThreadPoolExecutor threads;

    DebugInfoApi(
            SymbolStore store,
            SymbolIntake intake,
            @Nullable MissingSymbols missing,
            ErrorAnswers errors) {
        this.store = store;
        this.intake = intake;
        this.missing = missing;
        this.errors = errors;
        this.threads =
                new ThreadPoolExecutor(
                        0,
                        Limits.UPLOADS_MAX,
                        1,
                        TimeUnit.MINUTES,
                        new SynchronousQueue<>(),
                        Thread.ofPlatform().name("upload-", 0).daemon().factory());
    }

    /// Answers a POST.
    public HttpService upload() {
        return this::upload;
    }

    /// Answers a GET.
    public HttpService list() {
        return (ctx, _) ->
                HttpResponse.of(
                        CompletableFuture.supplyAsync(this::listed, ctx.blockingTaskExecutor()));
    }

    private HttpResponse listed() {
        return HttpResponse.of(
                ResponseHeaders.of(
                        HttpStatus.OK,
                        HttpHeaderNames.CONTENT_TYPE,
                        MediaType.JSON_UTF_8,
                        HttpHeaderNames.CACHE_CONTROL,
                        "no-store"),
                HttpData.wrap(Json.write(this::write)));
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private HttpResponse upload(ServiceRequestContext ctx, HttpRequest request) {
        try {
            checkHeaders(request.headers());
        } catch (Refusal e) {
            return errors.answer(e);
        }
        InputStream body = request.toInputStream(object -> (HttpData) object);
        CompletableFuture<HttpResponse> response = new CompletableFuture<>();
        try {
            Future<?> work = threads.submit(() -> response.complete(answer(body)));
            var _ = ctx.whenRequestCancelling().thenRun(() -> work.cancel(true));
        } catch (RejectedExecutionException _) {
            return errors.answer(
                    Refusal.busy(
                            "uploads: too many (expected: at most "
                                    + Limits.UPLOADS_MAX
                                    + " at once)",
                            Limits.RETRY_AFTER_UPLOAD));
        }
        return HttpResponse.of(response);
    }

    /// A form on a stranger's page cannot send this type.
    private static void checkHeaders(RequestHeaders headers) throws Refusal {
        MediaType type = headers.contentType();
        if (type == null || !type.is(MediaType.OCTET_STREAM)) {
            throw Refusal.unsupported(
                    "content-type: another or none (expected: " + MEDIA_TYPE + ")");
        }
        List<String> codings = headers.getAll(HttpHeaderNames.CONTENT_ENCODING);
        if (!codings.isEmpty() && !codings.equals(List.of("identity"))) {
            throw Refusal.unsupported("content-encoding: given (expected: none)");
        }
    }

    private HttpResponse answer(InputStream body) {
        try (body) {
            SymbolIntake.Taken taken = intake.take(TenantId.DEFAULT, body);
            return HttpResponse.of(
                    HttpStatus.OK,
                    MediaType.JSON_UTF_8,
                    HttpData.wrap(Json.write(json -> write(json, taken))));
        } catch (DiskFullException e) {
            return errors.answer(
                    Refusal.unavailable(
                            String.valueOf(e.getMessage()), Limits.RETRY_AFTER_UNAVAILABLE));
        } catch (Incoming.EndedEarlyException _) {
            return errors.answer(Refusal.invalid("body: ended early (expected: the whole file)"));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return errors.answer(
                    Refusal.unavailable("upload: stopped", Limits.RETRY_AFTER_UNAVAILABLE));
        } catch (Exception e) {
            return errors.answer(e);
        }
    }

    private void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("symbols");
        for (SymbolStore.About about : store.list(TenantId.DEFAULT)) {
            json.writeStartObject();
            write(json, about);
            json.writeBooleanField("shared", about.isShared());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeBooleanField("debuginfod", missing != null);
        json.writeArrayFieldStart("missing");
        if (missing != null) {
            for (Map.Entry<String, MissingSymbols.Asked> asked : missing.asked().entrySet()) {
                if (asked.getValue().state() != MissingSymbols.State.FOUND) {
                    json.writeStartObject();
                    json.writeStringField("buildId", asked.getKey());
                    json.writeStringField("state", lower(asked.getValue().state()));
                    json.writeStringField("why", asked.getValue().why());
                    json.writeEndObject();
                }
            }
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, SymbolIntake.Taken taken) throws IOException {
        json.writeStartObject();
        write(json, taken.about());
        json.writeNumberField("units", taken.built().units());
        json.writeNumberField("unitsLeftOut", taken.built().unitsLeftOut());
        json.writeStringField("firstLeftOut", taken.built().firstLeftOut());
        json.writeStringField("supplementMissing", taken.built().supplement());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, SymbolStore.About about) throws IOException {
        json.writeStringField("buildId", about.buildId());
        json.writeNumberField("bytes", about.bytes());
        json.writeNumberField("functions", about.functions());
        json.writeNumberField("rows", about.rows());
        json.writeArrayFieldStart("sources");
        for (SymbolSource source : SymbolSource.values()) {
            if (about.sources().contains(source)) {
                json.writeString(lower(source));
            }
        }
        json.writeEndArray();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
