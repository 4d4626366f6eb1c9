package io.emberscope.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.server.edge.ErrorAnswers;
import io.emberscope.server.edge.Limits;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebFilesTest {
    private static final String SCRIPT = "console.log('hello');".repeat(100);

    @TempDir private Path root;
    private WebFiles files;

    @BeforeEach
    void makePage() throws IOException {
        Path web = Files.createDirectories(root.resolve("web/assets")).getParent();
        Files.writeString(web.resolve("index.html"), "<!doctype html>");
        Files.writeString(web.resolve("assets/index-Dv_ovsJj.js"), SCRIPT);
        Files.writeString(web.resolve("assets/licences.txt"), "Apache-2.0");
        Files.writeString(root.resolve("secret.txt"), "secret");
        Files.writeString(web.resolve("assets/program.exe"), "MZ");
        files = over(root);
    }

    private static WebFiles over(Path directory) throws IOException {
        ErrorAnswers errors = new ErrorAnswers(Limits.of(1 << 30), new Metrics());
        return new WebFiles(
                new URLClassLoader(new URL[] {directory.toUri().toURL()}, null), errors);
    }

    private AggregatedHttpResponse get(String path, String... acceptEncoding) throws IOException {
        RequestHeaders headers =
                RequestHeaders.builder(HttpMethod.GET, path)
                        .add(HttpHeaderNames.ACCEPT_ENCODING, String.join(",", acceptEncoding))
                        .build();
        HttpRequest request = HttpRequest.of(headers);
        return files.serve(ServiceRequestContext.of(request), request).aggregate().join();
    }

    @Test
    void thePageIsAskedForEachTime() throws IOException {
        AggregatedHttpResponse page = get("/");
        assertThat(page.status().code()).isEqualTo(200);
        assertThat(page.contentUtf8()).isEqualTo("<!doctype html>");
        assertThat(page.headers().get(HttpHeaderNames.CACHE_CONTROL)).isEqualTo("no-cache");
        assertThat(get("/assets/licences.txt").headers().get(HttpHeaderNames.CACHE_CONTROL))
                .isEqualTo("no-cache");
    }

    @Test
    void filesNamedByTheirContentAreKeptForEver() throws IOException {
        AggregatedHttpResponse script = get("/assets/index-Dv_ovsJj.js");
        assertThat(script.headers().get(HttpHeaderNames.CACHE_CONTROL))
                .isEqualTo("public, max-age=31536000, immutable");
        assertThat(script.headers().get(HttpHeaderNames.CONTENT_TYPE))
                .isEqualTo("application/javascript; charset=utf-8");
        assertThat(script.contentUtf8()).isEqualTo(SCRIPT);
    }

    @Test
    void whoReadsGzipGetsIt() throws IOException {
        AggregatedHttpResponse script = get("/assets/index-Dv_ovsJj.js", "br", "gzip");
        assertThat(script.headers().get(HttpHeaderNames.CONTENT_ENCODING)).isEqualTo("gzip");
        assertThat(script.content().length()).isLessThan(SCRIPT.length() / 10);
        assertThat(get("/", "gzip").headers().contains(HttpHeaderNames.CONTENT_ENCODING))
                .as("too small to gain")
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/assets/none.js",
                "/secret.txt",
                "/assets/program.exe",
                "/assets/",
                "/assets/.hidden.js",
                "/assets/a%20b.js"
            })
    void nothingElseIsServed(String path) throws IOException {
        AggregatedHttpResponse answer = get(path);
        assertThat(answer.status().code()).isEqualTo(404);
        assertThat(answer.contentUtf8()).doesNotContain("secret\n").startsWith("{\"error\":");
    }

    @Test
    void aServerWithoutThePageSaysSo() throws IOException {
        files = over(Files.createDirectory(root.resolve("empty")));
        AggregatedHttpResponse answer = get("/");
        assertThat(answer.status().code()).isEqualTo(404);
        assertThat(answer.contentUtf8())
                .startsWith("The web view was not built into this server.")
                .contains("./emberscope build");
    }
}
