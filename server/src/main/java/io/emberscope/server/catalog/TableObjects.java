package io.emberscope.server.catalog;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.OverCapacityException;
import io.emberscope.profile.TenantId;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.storage.iceberg.IcebergTables.StoredObject;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves the files of tables as objects of a bucket: GET and HEAD, whole or by range, of [S3's
/// protocol](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html). Nothing can be
/// listed or written.
final class TableObjects {
    /// The bucket, which is the first part of a path.
    static final String BUCKET = "emberscope-tables";

    /// The path of an object.
    static final String PATH = "/" + BUCKET + "/{tenant}/{*name}";

    private static final Logger LOG = LoggerFactory.getLogger(TableObjects.class);
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

    /// What is read and sent in one piece.
    private static final int PIECE_BYTES = 1 << 18;

    private final SharedTables tables;
    private final S3Credentials credentials;
    private final InstantSource clock;
    private final ByteBudget underWay;

    /// @param underWay what pieces that wait for their readers are taken from
    TableObjects(
            SharedTables tables,
            S3Credentials credentials,
            InstantSource clock,
            ByteBudget underWay) {
        this.tables = tables;
        this.credentials = credentials;
        this.clock = clock;
        this.underWay = underWay;
    }

    /// The URI under which the objects of a tenant are.
    static String place(TenantId tenant) {
        return "s3://" + BUCKET + '/' + tenant.value() + '/';
    }

    /// Answers GET and HEAD.
    HttpService service() {
        return (ctx, _) ->
                HttpResponse.of(
                        CompletableFuture.supplyAsync(
                                () -> answer(ctx), ctx.blockingTaskExecutor()));
    }

    private HttpResponse answer(ServiceRequestContext ctx) {
        RequestHeaders request = ctx.request().headers();
        if (!credentials.hasSigned(request, clock.instant())) {
            return error(HttpStatus.FORBIDDEN, "AccessDenied", "not signed with a key of ours");
        }
        StoredObject object;
        try {
            object = object(ctx);
        } catch (IOException e) {
            LOG.error("Tables cannot be read: {}", ctx.path(), e);
            return error(
                    HttpStatus.INTERNAL_SERVER_ERROR, "InternalError", "the tables are damaged");
        }
        if (object == null) {
            return error(HttpStatus.NOT_FOUND, "NoSuchKey", "no such object");
        }
        long length = object.bytes();
        long from = 0;
        long to = length;
        String range = request.get(HttpHeaderNames.RANGE);
        if (range != null) {
            Matcher said = RANGE.matcher(range);
            if (!said.matches() || (said.group(1).isEmpty() && said.group(2).isEmpty())) {
                return error(HttpStatus.BAD_REQUEST, "InvalidArgument", "Range: not understood");
            }
            if (said.group(1).isEmpty()) {
                from = Math.max(0, length - Long.parseLong(said.group(2)));
            } else {
                from = Long.parseLong(said.group(1));
                to =
                        said.group(2).isEmpty()
                                ? length
                                : Math.min(length, Long.parseLong(said.group(2)) + 1);
            }
            if (from >= to) {
                return error(
                        HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                        "InvalidRange",
                        "Range: outside of the object's " + length + " bytes");
            }
        }
        ResponseHeadersBuilder headers =
                ResponseHeaders.builder(range == null ? HttpStatus.OK : HttpStatus.PARTIAL_CONTENT)
                        .contentType(MediaType.OCTET_STREAM)
                        .contentLength(to - from)
                        .set(HttpHeaderNames.ACCEPT_RANGES, "bytes")
                        // Names are never used again for other content.
                        .set(HttpHeaderNames.ETAG, "\"" + Long.toHexString(length) + "\"")
                        .set(HttpHeaderNames.LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT");
        if (range != null) {
            headers.set(
                    HttpHeaderNames.CONTENT_RANGE, "bytes " + from + '-' + (to - 1) + '/' + length);
        }
        if (request.method() == HttpMethod.HEAD) {
            return HttpResponse.of(headers.build());
        }
        ByteBudget.Reservation held = underWay.open();
        try {
            held.add(Math.min(PIECE_BYTES, to - from));
        } catch (OverCapacityException e) {
            return error(
                    HttpStatus.SERVICE_UNAVAILABLE, "SlowDown", String.valueOf(e.getMessage()));
        }
        var _ = ctx.log().whenComplete().thenRun(held::close);
        HttpResponseWriter writer = HttpResponse.streaming();
        writer.write(headers.build());
        send(ctx, writer, object, from, to);
        return writer;
    }

    private @Nullable StoredObject object(ServiceRequestContext ctx) throws IOException {
        if (!TenantId.DEFAULT.value().equals(ctx.pathParam("tenant"))) {
            return null;
        }
        return tables.object(TenantId.DEFAULT, String.valueOf(ctx.pathParam("name")));
    }

    /// Sends a piece, and the next one once that is on its way.
    private static void send(
            ServiceRequestContext ctx,
            HttpResponseWriter writer,
            StoredObject object,
            long from,
            long to) {
        if (from == to) {
            writer.close();
            return;
        }
        int length = (int) Math.min(PIECE_BYTES, to - from);
        try {
            if (!writer.tryWrite(HttpData.wrap(object.read(from, length)))) {
                return;
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("Tables cannot be read: {}", ctx.path(), e);
            // The head is sent, so all that can be done is to end before the length it told.
            writer.close(e);
            return;
        }
        var _ =
                writer.whenConsumed()
                        .thenRunAsync(
                                () -> send(ctx, writer, object, from + length, to),
                                ctx.blockingTaskExecutor());
    }

    private static HttpResponse error(HttpStatus status, String code, String message) {
        return HttpResponse.of(
                status,
                MediaType.XML_UTF_8,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"
                        + code
                        + "</Code><Message>"
                        + message
                        + "</Message></Error>");
    }
}
