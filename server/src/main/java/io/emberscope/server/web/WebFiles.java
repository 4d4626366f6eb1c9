package io.emberscope.server.web;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.server.edge.AcceptEncoding;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Gzipped;
import io.emberscope.server.edge.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/// The files of the web view. Those below `assets/` that have their content's hash in the name are
/// kept by browsers for ever; the others are asked for anew each time.
public final class WebFiles implements HttpService {
    /// Loads scripts, styles, images and data from this server alone, and runs nothing inline, so
    /// that not even a function name that slipped into the page as markup could do anything.
    public static final String CONTENT_SECURITY_POLICY =
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
                    + " object-src 'none'";

    private static final String ROOT = "web/";
    private static final String INDEX = "index.html";
    private static final String FOREVER = "public, max-age=31536000, immutable";
    private static final String ASK_AGAIN = "no-cache";

    /// Also what keeps a path inside [#ROOT]: a segment cannot begin with a dot.
    private static final Pattern PATH =
            Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,4}");

    /// A name that changes with the content.
    private static final Pattern HASHED = Pattern.compile("assets/.+-[A-Za-z0-9_-]{8}\\.[a-z0-9]+");

    private static final int PATH_LENGTH_MAX = 200;
    private static final int FILE_BYTES_MAX = 8 << 20;

    private static final Map<String, MediaType> TYPES =
            Map.of(
                    "html", MediaType.HTML_UTF_8,
                    "js", MediaType.JAVASCRIPT_UTF_8,
                    "css", MediaType.CSS_UTF_8,
                    "svg", MediaType.SVG_UTF_8,
                    "png", MediaType.PNG,
                    "ico", MediaType.ICO,
                    "json", MediaType.JSON_UTF_8,
                    "woff2", MediaType.WOFF2,
                    "txt", MediaType.PLAIN_TEXT_UTF_8);

    private static final String NOT_BUILT =
            """
            The web view was not built into this server.

            The API works: see /api/v1/status and /ready.
            To have the page, build with Node (./emberscope build) and start again.
            """;

    private record WebFile(MediaType type, byte[] plain, byte[] gzipped, String caching) {}

    private final ClassLoader classPath;
    private final ErrorAnswers errors;

    /// Only files that exist are kept, so the class path bounds it.
    private final Map<String, WebFile> files = new ConcurrentHashMap<>();

    /// @param classPath where `web/` is looked for
    /// @param errors answers and counts refusals
    public WebFiles(ClassLoader classPath, ErrorAnswers errors) {
        this.classPath = classPath;
        this.errors = errors;
    }

    /// Whether there is a page to serve.
    public boolean isBuilt() {
        return classPath.getResource(ROOT + INDEX) != null;
    }

    /// Every path and what answers it; all are for GET.
    public Map<String, HttpService> routes() {
        return Map.of("/", this, "/favicon.svg", this, "/assets/{name}", this);
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) throws IOException {
        String path = ctx.path().substring(1);
        if (path.isEmpty()) {
            if (!isBuilt()) {
                return HttpResponse.of(
                        HttpStatus.NOT_FOUND,
                        MediaType.PLAIN_TEXT_UTF_8,
                        HttpData.wrap(NOT_BUILT.getBytes(StandardCharsets.UTF_8)));
            }
            path = INDEX;
        }
        Optional<WebFile> found = file(path);
        if (found.isEmpty()) {
            return errors.answer(
                    Refusal.notFound("path: no such file (expected: one of the page)"));
        }
        WebFile file = found.get();
        ResponseHeadersBuilder headers =
                ResponseHeaders.builder(HttpStatus.OK)
                        .contentType(file.type)
                        .set(HttpHeaderNames.CACHE_CONTROL, file.caching)
                        .set(HttpHeaderNames.VARY, "accept-encoding");
        if (AcceptEncoding.allowsGzip(request.headers())
                && file.gzipped.length < file.plain.length) {
            headers.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
            return HttpResponse.of(headers.build(), HttpData.wrap(file.gzipped));
        }
        return HttpResponse.of(headers.build(), HttpData.wrap(file.plain));
    }

    private Optional<WebFile> file(String path) throws IOException {
        WebFile known = files.get(path);
        if (known != null) {
            return Optional.of(known);
        }
        if (path.length() > PATH_LENGTH_MAX || !PATH.matcher(path).matches()) {
            return Optional.empty();
        }
        MediaType type = TYPES.get(path.substring(path.lastIndexOf('.') + 1));
        if (type == null) {
            return Optional.empty();
        }
        try (InputStream in = classPath.getResourceAsStream(ROOT + path)) {
            if (in == null) {
                return Optional.empty();
            }
            byte[] plain = in.readNBytes(FILE_BYTES_MAX);
            WebFile file =
                    new WebFile(
                            type,
                            plain,
                            Gzipped.of(plain),
                            HASHED.matcher(path).matches() ? FOREVER : ASK_AGAIN);
            files.put(path, file);
            return Optional.of(file);
        }
    }
}
