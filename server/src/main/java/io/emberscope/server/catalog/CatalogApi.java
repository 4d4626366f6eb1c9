package io.emberscope.server.catalog;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.profile.TenantId;
import io.emberscope.server.edge.Json;
import io.emberscope.storage.iceberg.IcebergTables;
import io.emberscope.storage.segment.DamagedSegmentException;
import io.emberscope.storage.segment.SegmentTables;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The read-only part of Iceberg's [REST catalog](https://iceberg.apache.org/rest-catalog-spec/):
/// namespaces are tenants, tables are those of the store's segments. Whoever may load a table is
/// told how to fetch its files.
public final class CatalogApi {
    /// Where the catalog is.
    public static final String PATH = "/iceberg";

    private static final Logger LOG = LoggerFactory.getLogger(CatalogApi.class);

    private static final String NAMESPACES = PATH + "/v1/namespaces";
    private static final String NAMESPACE = NAMESPACES + "/{namespace}";
    private static final String TABLE = NAMESPACE + "/tables/{table}";

    /// What a client may ask for, as the specification writes it.
    private static final List<String> ENDPOINTS =
            List.of(
                    "GET /v1/{prefix}/namespaces",
                    "GET /v1/{prefix}/namespaces/{namespace}",
                    "HEAD /v1/{prefix}/namespaces/{namespace}",
                    "GET /v1/{prefix}/namespaces/{namespace}/tables",
                    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
                    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}");

    private final SharedTables tables;
    private final S3Credentials credentials;

    CatalogApi(SharedTables tables, S3Credentials credentials) {
        this.tables = tables;
        this.credentials = credentials;
    }

    /// Every path and what answers it; all are for GET and HEAD.
    Map<String, HttpService> routes() {
        Map<String, HttpService> routes = new LinkedHashMap<>();
        routes.put(PATH + "/v1/config", service(_ -> this::config));
        routes.put(NAMESPACES, service(this::namespaces));
        routes.put(NAMESPACE, service(this::namespace));
        routes.put(NAMESPACE + "/tables", service(this::tables));
        routes.put(TABLE, service(this::table));
        return routes;
    }

    private interface Question {
        Json.Body answer(ServiceRequestContext ctx) throws IOException, CatalogException;
    }

    private static HttpService service(Question question) {
        return (ctx, _) ->
                HttpResponse.of(
                        CompletableFuture.supplyAsync(
                                () -> answer(question, ctx), ctx.blockingTaskExecutor()));
    }

    private static HttpResponse answer(Question question, ServiceRequestContext ctx) {
        try {
            return json(HttpStatus.OK, Json.write(question.answer(ctx)));
        } catch (CatalogException e) {
            return json(e.status(), Json.write(json -> writeError(json, e)));
        } catch (DamagedSegmentException e) {
            return failed(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            LOG.error("Tables cannot be read: {}", ctx.path(), e);
            return failed("the tables cannot be read; the server's log says why");
        }
    }

    private static HttpResponse failed(String message) {
        CatalogException e =
                new CatalogException(
                        HttpStatus.INTERNAL_SERVER_ERROR, "InternalServerError", message);
        return json(e.status(), Json.write(json -> writeError(json, e)));
    }

    private static HttpResponse json(HttpStatus status, byte[] body) {
        return HttpResponse.of(
                ResponseHeaders.of(
                        status,
                        HttpHeaderNames.CONTENT_TYPE,
                        MediaType.JSON_UTF_8,
                        HttpHeaderNames.CACHE_CONTROL,
                        "no-store"),
                HttpData.wrap(body));
    }

    private static void writeError(JsonGenerator json, CatalogException e) throws IOException {
        json.writeStartObject();
        json.writeObjectFieldStart("error");
        json.writeStringField("message", e.getMessage());
        json.writeStringField("type", e.type());
        json.writeNumberField("code", e.status().code());
        json.writeEndObject();
        json.writeEndObject();
    }

    private void config(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeObjectFieldStart("defaults");
        json.writeEndObject();
        json.writeObjectFieldStart("overrides");
        json.writeEndObject();
        json.writeArrayFieldStart("endpoints");
        for (String endpoint : ENDPOINTS) {
            json.writeString(endpoint);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /// Namespaces have none below them.
    private Json.Body namespaces(ServiceRequestContext ctx) throws CatalogException {
        String parent = ctx.queryParam("parent");
        if (parent != null && !parent.isEmpty()) {
            tenant(parent);
        }
        return json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("namespaces");
            if (parent == null || parent.isEmpty()) {
                writeNamespace(json, TenantId.DEFAULT);
            }
            json.writeEndArray();
            json.writeEndObject();
        };
    }

    private Json.Body namespace(ServiceRequestContext ctx) throws CatalogException {
        TenantId tenant = tenant(ctx);
        return json -> {
            json.writeStartObject();
            json.writeFieldName("namespace");
            writeNamespace(json, tenant);
            json.writeObjectFieldStart("properties");
            json.writeEndObject();
            json.writeEndObject();
        };
    }

    private Json.Body tables(ServiceRequestContext ctx) throws CatalogException {
        TenantId tenant = tenant(ctx);
        return json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("identifiers");
            for (String table : SegmentTables.names()) {
                json.writeStartObject();
                json.writeFieldName("namespace");
                writeNamespace(json, tenant);
                json.writeStringField("name", table);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        };
    }

    private Json.Body table(ServiceRequestContext ctx) throws IOException, CatalogException {
        TenantId tenant = tenant(ctx);
        String name = String.valueOf(ctx.pathParam("table"));
        if (!SegmentTables.names().contains(name)) {
            throw new CatalogException(
                    HttpStatus.NOT_FOUND,
                    "NoSuchTableException",
                    "table: unknown (expected: one of " + SegmentTables.names() + ")");
        }
        IcebergTables now = tables.now(tenant, TableObjects.place(tenant));
        now.prepare(name);
        String endpoint = "http://" + ctx.request().authority();
        return json -> {
            json.writeStartObject();
            json.writeStringField("metadata-location", now.metadataLocation(name));
            json.writeFieldName("metadata");
            now.writeMetadata(name, json);
            json.writeObjectFieldStart("config");
            json.writeStringField("s3.endpoint", endpoint);
            json.writeStringField("s3.path-style-access", "true");
            json.writeStringField("s3.access-key-id", credentials.accessKey());
            json.writeStringField("s3.secret-access-key", credentials.secretKey());
            json.writeStringField("s3.session-token", credentials.sessionToken());
            json.writeStringField("s3.region", S3Credentials.REGION);
            json.writeStringField("client.region", S3Credentials.REGION);
            json.writeEndObject();
            json.writeEndObject();
        };
    }

    private static TenantId tenant(ServiceRequestContext ctx) throws CatalogException {
        return tenant(String.valueOf(ctx.pathParam("namespace")));
    }

    private static TenantId tenant(String namespace) throws CatalogException {
        if (!TenantId.DEFAULT.value().equals(namespace)) {
            throw new CatalogException(
                    HttpStatus.NOT_FOUND,
                    "NoSuchNamespaceException",
                    "namespace: unknown (expected: " + TenantId.DEFAULT + ")");
        }
        return TenantId.DEFAULT;
    }

    private static void writeNamespace(JsonGenerator json, TenantId tenant) throws IOException {
        json.writeStartArray();
        json.writeString(tenant.value());
        json.writeEndArray();
    }
}
