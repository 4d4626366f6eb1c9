package io.emberscope.server.status;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Json;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import io.emberscope.storage.ProfileStore;
import io.emberscope.storage.StoreHealth;
import io.emberscope.storage.StoreStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/// `/ready`, `/metrics` and `/api/v1/status`.
public final class StatusApi {
    private static final MediaType PROMETHEUS =
            MediaType.parse("text/plain; version=0.0.4; charset=utf-8");

    private static final String VERSION = version();

    private final ProfileStore store;
    private final InstantSource clock;
    private final Instant started;
    private final boolean webView;
    private final ErrorAnswers errors;
    private final Metrics metrics;

    /// @param store whose health counts
    /// @param clock what time it is
    /// @param webView whether there is a page to serve
    public StatusApi(
            ProfileStore store,
            InstantSource clock,
            boolean webView,
            ErrorAnswers errors,
            Metrics metrics) {
        this.store = store;
        this.clock = clock;
        this.started = clock.instant();
        this.webView = webView;
        this.errors = errors;
        this.metrics = metrics;
    }

    /// Every path and what answers it; all are for GET.
    public Map<String, HttpService> routes() {
        Map<String, HttpService> routes = new LinkedHashMap<>();
        routes.put("/ready", (_, _) -> ready());
        routes.put("/metrics", (_, _) -> text(PROMETHEUS, metrics.text()));
        routes.put("/api/v1/status", (_, _) -> status());
        return routes;
    }

    private HttpResponse ready() {
        StoreHealth health = store.health();
        if (health.writable()) {
            return text(MediaType.PLAIN_TEXT_UTF_8, "ready\n");
        }
        return errors.answer(
                Refusal.unavailable("storage: " + health.reason(), Limits.RETRY_AFTER_UNAVAILABLE));
    }

    private HttpResponse status() {
        StoreHealth health = store.health();
        byte[] body =
                Json.write(
                        json -> {
                            json.writeStartObject();
                            json.writeStringField("version", VERSION);
                            json.writeBooleanField("ready", health.writable());
                            json.writeStringField("reason", health.reason());
                            json.writeArrayFieldStart("warnings");
                            for (String warning : health.warnings()) {
                                json.writeString(warning);
                            }
                            json.writeEndArray();
                            json.writeStringField("startedAt", started.toString());
                            json.writeNumberField(
                                    "uptimeSeconds",
                                    Duration.between(started, clock.instant()).toSeconds());
                            json.writeBooleanField("webView", webView);
                            storage(json);
                            json.writeEndObject();
                        });
        return bytes(MediaType.JSON_UTF_8, body);
    }

    private void storage(JsonGenerator json) throws IOException {
        StoreStatus status = store.status();
        json.writeObjectFieldStart("storage");
        json.writeNumberField("windowBytes", status.windowBytes());
        json.writeNumberField("windowSamples", status.windowSamples());
        json.writeNumberField("waitingBytes", status.waitingBytes());
        json.writeNumberField("segments", status.segments());
        json.writeNumberField("segmentSamples", status.segmentSamples());
        json.writeNumberField("segmentBytes", status.segmentBytes());
        json.writeNumberField("damagedSegments", status.damagedSegments());
        json.writeNumberField("freeBytes", status.freeBytes());
        json.writeEndObject();
    }

    private static HttpResponse text(MediaType type, String text) {
        return bytes(type, text.getBytes(StandardCharsets.UTF_8));
    }

    private static HttpResponse bytes(MediaType type, byte[] body) {
        return HttpResponse.of(
                ResponseHeaders.builder(HttpStatus.OK)
                        .contentType(type)
                        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                        .build(),
                HttpData.wrap(body));
    }

    private static String version() {
        String version = StatusApi.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}
