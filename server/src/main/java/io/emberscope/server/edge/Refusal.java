package io.emberscope.server.edge;

import com.linecorp.armeria.common.HttpStatus;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A request is not answered, and whoever sent it is told why: the status, a code for programs and
/// a message of the form `field: found (expected: rule)` for people. It is an expected outcome, so
/// it has no stack trace and is never logged as an error.
public final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient HttpStatus status;
    private final String code;
    private final @Nullable Duration retryAfter;

    private Refusal(HttpStatus status, String code, String message, @Nullable Duration retryAfter) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /// 400: the request breaks a rule.
    public static Refusal invalid(String message) {
        return new Refusal(HttpStatus.BAD_REQUEST, "invalid_argument", message, null);
    }

    /// 404: there is nothing at that path.
    public static Refusal notFound(String message) {
        return new Refusal(HttpStatus.NOT_FOUND, "not_found", message, null);
    }

    /// 413: the body is longer than allowed, as it travels or decompressed.
    public static Refusal tooLarge(String message) {
        return new Refusal(HttpStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message, null);
    }

    /// 415: the body is in a form that is not read.
    public static Refusal unsupported(String message) {
        return new Refusal(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media", message, null);
    }

    /// 421: the Host header names another server.
    public static Refusal misdirected(String message) {
        return new Refusal(HttpStatus.MISDIRECTED_REQUEST, "misdirected", message, null);
    }

    /// 422: the question is understood, but its answer would need more than one may use.
    public static Refusal tooMuch(String message) {
        return new Refusal(HttpStatus.UNPROCESSABLE_ENTITY, "query_too_large", message, null);
    }

    /// 429: the same request may be answered later.
    public static Refusal busy(String message, Duration retryAfter) {
        return new Refusal(HttpStatus.TOO_MANY_REQUESTS, "over_capacity", message, retryAfter);
    }

    /// 500: what is asked about is damaged on disk.
    public static Refusal damaged(String message) {
        return new Refusal(HttpStatus.INTERNAL_SERVER_ERROR, "data_damaged", message, null);
    }

    /// 503: the server cannot do it now, whoever asks.
    public static Refusal unavailable(String message, Duration retryAfter) {
        return new Refusal(HttpStatus.SERVICE_UNAVAILABLE, "unavailable", message, retryAfter);
    }

    /// 504: the work took longer than a request may.
    public static Refusal tooSlow(String message) {
        return new Refusal(HttpStatus.GATEWAY_TIMEOUT, "deadline_exceeded", message, null);
    }

    /// Any other status; the protocol layer's own refusals.
    static Refusal other(HttpStatus status, String code, String message) {
        return new Refusal(status, code, message, null);
    }

    /// The HTTP status of the answer.
    public HttpStatus status() {
        return status;
    }

    /// The code for programs.
    public String code() {
        return code;
    }

    /// How long to wait before trying again, if trying again makes sense.
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

    /// The message; never null, unlike that of exceptions in general.
    public String text() {
        String message = getMessage();
        return message == null ? code : message;
    }
}
