package io.emberscope.server.edge;

import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.CancellationException;
import com.linecorp.armeria.common.ContentTooLargeException;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.common.logging.RequestLogProperty;
import com.linecorp.armeria.common.stream.AbortedStreamException;
import com.linecorp.armeria.common.stream.CancelledSubscriptionException;
import com.linecorp.armeria.common.stream.ClosedStreamException;
import com.linecorp.armeria.server.HttpResponseException;
import com.linecorp.armeria.server.HttpStatusException;
import com.linecorp.armeria.server.RequestTimeoutException;
import com.linecorp.armeria.server.ServerErrorHandler;
import com.linecorp.armeria.server.ServiceConfig;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.storage.NotWritableException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns whatever went wrong into the one form that errors have: a status and
/// `{"error":{"code":...,"message":...}}`. Counts every refusal by its code. Our own mistakes are
/// logged here, once, and say nothing of themselves to the client.
public final class ErrorAnswers implements ServerErrorHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAnswers.class);
    private static final String COUNTER = "emberscope_server_refused_requests_total";
    private static final int UNWRAP_MAX = 8;

    private final String timeoutText;
    private final Metrics metrics;

    /// @param limits which refusals name
    /// @param metrics where refusals are counted
    public ErrorAnswers(Limits limits, Metrics metrics) {
        this.timeoutText = limits.requestTimeout().toSeconds() + " s";
        this.metrics = metrics;
        metrics.counter(COUNTER, "Requests refused, by reason.", "reason", "invalid_argument");
    }

    /// The answer for a failed request, counted; JSON.
    public HttpResponse answer(Throwable thrown) {
        Refusal refusal = refusalOf(thrown);
        count(refusal);
        return json(refusal).toHttpResponse();
    }

    /// What to tell the client of a failure. A failure that is nobody's fault but ours is logged.
    public Refusal refusalOf(Throwable thrown) {
        Throwable cause = unwrap(thrown);
        return switch (cause) {
            case Refusal refusal -> refusal;
            case MalformedInputException malformed -> Refusal.invalid(text(malformed));
            case OverCapacityException over -> Refusal.busy(text(over), over.retryAfter());
            case NotWritableException stopped ->
                    Refusal.unavailable(text(stopped), stopped.retryAfter());
            case ContentTooLargeException tooLarge -> bodyTooLong(tooLarge.maxContentLength());
            case HttpStatusException status
                    when status.getCause() instanceof ContentTooLargeException tooLarge ->
                    bodyTooLong(tooLarge.maxContentLength());
            case HttpStatusException status -> ofStatus(status.httpStatus(), null);
            case CancellationException _,
                    CancelledSubscriptionException _,
                    AbortedStreamException _,
                    ClosedStreamException _ ->
                    clientGone();
            default -> {
                LOG.error("A request failed by a mistake of ours", cause);
                yield Refusal.other(
                        HttpStatus.INTERNAL_SERVER_ERROR,
                        "internal",
                        "server: failed by a mistake of its own; its log says how");
            }
        };
    }

    /// Counts a refusal that is answered by someone else.
    public void count(Refusal refusal) {
        metrics.counter(COUNTER, "Requests refused, by reason.", "reason", refusal.code())
                .increment();
    }

    @Override
    public HttpResponse onServiceException(ServiceRequestContext ctx, Throwable thrown) {
        Throwable cause = unwrap(thrown);
        if (cause instanceof RequestTimeoutException) {
            boolean bodyArrived = ctx.log().isAvailable(RequestLogProperty.REQUEST_END_TIME);
            return UnreadBody.closeAfter(
                    answer(bodyArrived ? slowAnswer() : slowRequest()), ctx.request());
        }
        if (cause instanceof HttpResponseException) {
            // The answer is ready; there is nothing to add.
            return HttpResponse.ofFailure(cause);
        }
        return UnreadBody.closeAfter(answer(cause), ctx.request());
    }

    @Override
    public AggregatedHttpResponse renderStatus(
            @Nullable ServiceRequestContext ctx,
            ServiceConfig config,
            @Nullable RequestHeaders headers,
            HttpStatus status,
            @Nullable String description,
            @Nullable Throwable cause) {
        Refusal refusal =
                status.equals(HttpStatus.REQUEST_ENTITY_TOO_LARGE)
                        ? bodyTooLong(config.maxRequestLength())
                        : ofStatus(status, description);
        count(refusal);
        return json(refusal);
    }

    /// 504: a query that took too long.
    public Refusal slowAnswer() {
        return Refusal.tooSlow(
                "query: not done after "
                        + timeoutText
                        + " (expected: a shorter time range or a narrower selector)");
    }

    private static Refusal bodyTooLong(long bytesMax) {
        return Refusal.tooLarge("body: too long (expected: at most " + bytesMax + " bytes)");
    }

    /// Nobody reads it; it exists to be counted.
    private static Refusal clientGone() {
        return Refusal.other(
                HttpStatus.BAD_REQUEST, "client_gone", "client: left before it had an answer");
    }

    private Refusal slowRequest() {
        return Refusal.other(
                HttpStatus.REQUEST_TIMEOUT,
                "request_timeout",
                "body: incomplete after " + timeoutText + " (expected: whole)");
    }

    private static Refusal ofStatus(HttpStatus status, @Nullable String description) {
        if (status.equals(HttpStatus.NOT_FOUND)) {
            return Refusal.notFound("path: nothing there (expected: one of the documented paths)");
        }
        if (status.equals(HttpStatus.METHOD_NOT_ALLOWED)) {
            return Refusal.other(
                    status, "method_not_allowed", "method: not one that this path takes");
        }
        if (status.equals(HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)) {
            return Refusal.other(
                    status,
                    "headers_too_large",
                    "headers: too long (expected: at most " + Limits.HEADER_BYTES_MAX + " bytes)");
        }
        if (status.equals(HttpStatus.REQUEST_URI_TOO_LONG)) {
            return Refusal.other(
                    status,
                    "uri_too_long",
                    "request line: too long (expected: at most "
                            + Limits.REQUEST_LINE_BYTES_MAX
                            + " bytes)");
        }
        String reason = status.reasonPhrase();
        return Refusal.other(
                status,
                reason.toLowerCase(Locale.ROOT).replace(' ', '_').replace('-', '_'),
                description == null ? reason : description);
    }

    /// The refusal in JSON.
    static AggregatedHttpResponse json(Refusal refusal) {
        byte[] body =
                Json.write(
                        json -> {
                            json.writeStartObject();
                            json.writeObjectFieldStart("error");
                            json.writeStringField("code", refusal.code());
                            json.writeStringField("message", refusal.text());
                            json.writeEndObject();
                            json.writeEndObject();
                        });
        return AggregatedHttpResponse.of(
                headers(refusal, MediaType.JSON_UTF_8), HttpData.wrap(body));
    }

    /// The status line and headers of a refusal whose body is of the given type.
    public static ResponseHeaders headers(Refusal refusal, MediaType type) {
        ResponseHeadersBuilder headers =
                ResponseHeaders.builder(refusal.status())
                        .contentType(type)
                        .set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        Duration retryAfter = refusal.retryAfter();
        if (retryAfter != null) {
            headers.set(
                    HttpHeaderNames.RETRY_AFTER,
                    Long.toString(Math.max(1, retryAfter.plusMillis(999).toSeconds())));
        }
        return headers.build();
    }

    private static String text(Exception exception) {
        String message = exception.getMessage();
        return message == null ? exception.getClass().getSimpleName() : message;
    }

    private static Throwable unwrap(Throwable thrown) {
        Throwable cause = thrown;
        for (int i = 0; i < UNWRAP_MAX; i++) {
            Throwable inner = cause.getCause();
            if (inner == null
                    || !(cause instanceof CompletionException
                            || cause instanceof ExecutionException)) {
                return cause;
            }
            cause = inner;
        }
        return cause;
    }
}
