package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.CutReason;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.Series;
import io.emberscope.profile.pprof.PprofReader;
import io.emberscope.profile.tree.FlameTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the query routes answer, in values and in words.
class QueryIT {
    private static final String RANGE = "from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";
    private static final String HEAP = "memory:alloc_space:bytes:space:bytes";

    @TempDir private static Path data;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        server = RunningServer.start(data);
        assertThat(server.post(Profiles.cpu()).statusCode()).isEqualTo(200);
        assertThat(server.post(heap()).statusCode()).isEqualTo(200);
        assertThat(server.post(Profiles.cut()).statusCode()).isEqualTo(200);
        assertThat(server.post(Profiles.sources()).statusCode()).isEqualTo(200);
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    /// Two services in two windows, with names that must stay text.
    private static ProfileBatch heap() throws IOException {
        String hostile = "</script><b>\"\\\n\u2028";
        List<Frame> frames =
                List.of(
                        new Frame(FrameKind.JVM, "", "", 0, List.of(Line.named(hostile))),
                        new Frame(FrameKind.JVM, "", "", 0, List.of(Line.named("Main.run"))));
        ProfileType type = ProfileType.parse(HEAP);
        Profile one =
                new Profile(
                        new Series(type, Labels.of("service_name", "a\"b", "pod", "p-1")),
                        Profiles.START_NANOS,
                        Profiles.WINDOW_NANOS,
                        0,
                        new int[] {0},
                        new long[] {100});
        Profile two =
                new Profile(
                        new Series(type, Labels.of("service_name", "c", "pod", "p-2")),
                        Profiles.START_NANOS + 2 * Profiles.WINDOW_NANOS,
                        Profiles.WINDOW_NANOS,
                        0,
                        new int[] {0},
                        new long[] {11});
        return new ProfileBatch(frames, List.of(new int[] {0, 1}), List.of(one, two));
    }

    @Test
    void profileTypesAreListed() throws Exception {
        assertThat(server.text("/api/v1/profile-types?" + RANGE))
                .isEqualTo(
                        "{\"profileTypes\":[{\"id\":\"memory:alloc_space:bytes:space:bytes\","
                                + "\"name\":\"memory\",\"sampleType\":\"alloc_space\","
                                + "\"sampleUnit\":\"bytes\",\"periodType\":\"space\","
                                + "\"periodUnit\":\"bytes\"},"
                                + "{\"id\":\"process_cpu:cpu:nanoseconds:cpu:nanoseconds\","
                                + "\"name\":\"process_cpu\",\"sampleType\":\"cpu\","
                                + "\"sampleUnit\":\"nanoseconds\",\"periodType\":\"cpu\","
                                + "\"periodUnit\":\"nanoseconds\"}]}");
        assertThat(server.text("/api/v1/profile-types?from=2025-01-01T00:00:00Z&to=1735700000000"))
                .isEqualTo("{\"profileTypes\":[]}");
    }

    @Test
    void labelsAreListed() throws Exception {
        assertThat(server.text("/api/v1/label-names?" + RANGE))
                .isEqualTo(
                        "{\"names\":[\"executable\",\"node\",\"pod\",\"service_name\","
                                + "\"thread_name\"]}");
        assertThat(
                        server.text(
                                "/api/v1/label-names?"
                                        + RANGE
                                        + "&selector="
                                        + RunningServer.query("{pod!=\"\"}")))
                .isEqualTo("{\"names\":[\"pod\",\"service_name\"]}");
        assertThat(server.text("/api/v1/label-values?name=service_name&" + RANGE))
                .isEqualTo("{\"values\":[\"a\\\"b\",\"c\",\"web\"],\"truncated\":false}");
        assertThat(server.text("/api/v1/label-values?name=pod&prefix=p-&limit=1&" + RANGE))
                .isEqualTo("{\"values\":[\"p-1\"],\"truncated\":true}");
        assertThat(server.text("/api/v1/label-values?name=none&" + RANGE))
                .isEqualTo("{\"values\":[],\"truncated\":false}");
    }

    @Test
    void theFlameGraphIsTheTreeInBothForms() throws Exception {
        HttpResponse<byte[]> answer = server.get("/api/v1/flamegraph?" + RANGE);
        FlameTree tree = FlameTree.decode(answer.body());
        assertThat(tree.total()).isEqualTo(1_000_000_000);
        assertThat(tree.size()).isEqualTo(4);
        assertThat(server.text("/api/v1/flamegraph?format=json&" + RANGE))
                .isEqualTo(
                        "{\"type\":\"process_cpu:cpu:nanoseconds:cpu:nanoseconds\","
                                + "\"unit\":\"nanoseconds\",\"startMillis\":1767225600000,"
                                + "\"durationMillis\":60000,\"total\":1000000000,\"nodeCount\":4,"
                                + "\"nodes\":{\"level\":[0,1,1,1],"
                                + "\"total\":[1000000000,600000000,300000000,100000000],"
                                + "\"self\":[0,600000000,300000000,100000000],"
                                + "\"function\":[0,1,2,3],\"hidden\":[0,0,0,0],"
                                + "\"file\":[0,0,0,0],\"line\":[0,0,0,0],"
                                + "\"lastLine\":[0,0,0,0],\"inlining\":[0,0,0,0]},"
                                + "\"files\":[\"\"],\"functions\":["
                                + function("main", "/usr/bin/web", "native")
                                + ","
                                + function("work", "/usr/bin/web", "native")
                                + ","
                                + function("rest", "/usr/bin/web", "native")
                                + ",{\"name\":\"do_syscall_64\",\"binary\":\"[kernel]\","
                                + "\"kind\":\"kernel\",\"buildId\":\"\"}]}");
        assertThat(server.text("/api/v1/flamegraph?format=json&maxNodes=3&" + RANGE))
                .contains("\"nodeCount\":4,", "\"hidden\":[0,0,2]", "\"total\":1000000000,");
    }

    @Test
    void theFlameGraphSaysWhereInTheSourceANodeIs() throws Exception {
        assertThat(server.text("/api/v1/flamegraph?format=json&" + SOURCES))
                .contains(
                        "\"file\":[1,2,3,0,0,0],\"line\":[12,30,7,0,0,0],"
                                + "\"lastLine\":[12,31,7,0,0,0],\"inlining\":[0,0,2,0,0,0]},"
                                + "\"files\":[\"\",\"/src/main.c\",\"/src/work.c\","
                                + "\"/src/hash.h\"],");
    }

    private static String function(String name, String binary, String kind) {
        return "{\"name\":\""
                + name
                + "\",\"binary\":\""
                + binary
                + "\",\"kind\":\""
                + kind
                + "\",\"buildId\":\"0123456789abcdef0123456789abcdef01234567\"}";
    }

    @Test
    void namesFromStrangersAreOnlyEverText() throws Exception {
        assertThat(server.text("/api/v1/top?type=" + HEAP + "&" + RANGE))
                .isEqualTo(
                        "{\"unit\":\"bytes\",\"total\":111,\"functionCount\":2,\"functions\":["
                                + "{\"name\":\"</script><b>\\\"\\\\\\n\u2028\",\"binary\":\"\","
                                + "\"kind\":\"jvm\",\"self\":111,\"total\":111},"
                                + "{\"name\":\"Main.run\",\"binary\":\"\",\"kind\":\"jvm\","
                                + "\"self\":0,\"total\":111}]}");
    }

    @Test
    void theTableCanBeSearchedAndCut() throws Exception {
        assertThat(server.text("/api/v1/top?search=WORK&" + RANGE))
                .contains("\"total\":1000000000,\"functionCount\":1,", "\"name\":\"work\"")
                .doesNotContain("rest");
        assertThat(server.text("/api/v1/top?limit=1&" + RANGE))
                .contains("\"functionCount\":4,", "\"name\":\"work\"")
                .doesNotContain("rest");
    }

    @Test
    void theQualityOfStacksIsExact() throws Exception {
        String range = "from=2026-01-01T01:00:00Z&to=2026-01-01T01:01:00Z";
        assertThat(server.text("/api/v1/stack-quality?" + range))
                .isEqualTo(
                        "{\"unit\":\"nanoseconds\",\"total\":1000000000,\"complete\":980000000,"
                                + "\"reasons\":["
                                + reason(CutReason.NO_RULE, 12_000_000)
                                + ","
                                + reason(CutReason.TOO_DEEP, 5_000_000)
                                + ",{\"reason\":\"=of its own\",\"value\":3000000,"
                                + "\"meaning\":\"\",\"help\":\"\"}],"
                                + "\"binaryCount\":2,\"binaries\":["
                                + "{\"binary\":\"/usr/lib/libc.so.6\",\"total\":992000000,"
                                + "\"cut\":12000000,\"reasons\":["
                                + "{\"reason\":\"no unwind rule\",\"value\":12000000}]},"
                                + "{\"binary\":\"/usr/bin/web\",\"total\":988000000,"
                                + "\"cut\":8000000,\"reasons\":["
                                + "{\"reason\":\"too deep\",\"value\":5000000},"
                                + "{\"reason\":\"=of its own\",\"value\":3000000}]}],"
                                + ALL_NAMED
                                + "}");
        assertThat(server.text("/api/v1/stack-quality?limit=1&" + range))
                .contains("\"binaryCount\":2,", "libc.so.6", "\"value\":3000000")
                .doesNotContain("/usr/bin/web");
        assertThat(server.text("/api/v1/stack-quality?" + RANGE))
                .isEqualTo(
                        "{\"unit\":\"nanoseconds\",\"total\":1000000000,"
                                + "\"complete\":1000000000,\"reasons\":[],\"binaryCount\":0,"
                                + "\"binaries\":[],"
                                + ALL_NAMED
                                + "}");
    }

    private static final String ALL_NAMED =
            "\"unnamed\":{\"value\":0,\"binaryCount\":0,\"binaries\":[]}";

    private static final String SOURCES = "from=2026-01-01T04:00:00Z&to=2026-01-01T04:01:00Z";

    @Test
    void codeWithoutANameIsAccountedForByItsBinary() throws Exception {
        String stripped =
                "{\"binary\":\"/usr/bin/stripped\","
                        + "\"buildId\":\""
                        + Profiles.sources().frames().get(4).buildId()
                        + "\",\"value\":170000000,\"addresses\":2}";
        assertThat(server.text("/api/v1/stack-quality?" + SOURCES))
                .endsWith(
                        "\"unnamed\":{\"value\":200000000,\"binaryCount\":2,\"binaries\":["
                                + stripped
                                + ",{\"binary\":\"[anon]\",\"buildId\":\"\",\"value\":30000000,"
                                + "\"addresses\":1}]}}");
        assertThat(server.text("/api/v1/stack-quality?limit=1&" + SOURCES))
                .endsWith("\"binaryCount\":2,\"binaries\":[" + stripped + "]}}");
    }

    @Test
    void theLinesOfAFunctionAddUpToIt() throws Exception {
        assertThat(server.text("/api/v1/lines?function=work&" + SOURCES))
                .isEqualTo(
                        "{\"unit\":\"nanoseconds\",\"total\":1000000000,"
                                + "\"functionSelf\":400000000,\"functionTotal\":800000000,"
                                + "\"lineCount\":3,\"lines\":["
                                + "{\"file\":\"/src/work.c\",\"line\":30,"
                                + "\"self\":0,\"total\":400000000},"
                                + "{\"file\":\"/src/work.c\",\"line\":31,"
                                + "\"self\":300000000,\"total\":300000000},"
                                + "{\"file\":\"\",\"line\":0,"
                                + "\"self\":100000000,\"total\":100000000}]}");
        assertThat(server.text("/api/v1/top?search=work&" + SOURCES))
                .contains("\"self\":400000000,\"total\":800000000");
        assertThat(server.text("/api/v1/lines?limit=1&function=hash&" + SOURCES))
                .contains("\"lineCount\":1,\"lines\":[{\"file\":\"/src/hash.h\",\"line\":7,");
        assertThat(server.text("/api/v1/lines?limit=1&function=work&" + SOURCES))
                .contains("\"functionSelf\":400000000,", "\"lineCount\":3,", "\"line\":30,")
                .doesNotContain("\"line\":31,");
        assertThat(server.text("/api/v1/lines?function=work&binary=/usr/bin/app&" + SOURCES))
                .contains("\"lineCount\":3,");
        assertThat(server.text("/api/v1/lines?function=work&binary=/usr/bin/b&" + SOURCES))
                .contains("\"functionTotal\":0,\"lineCount\":0,\"lines\":[]");
    }

    private static String reason(CutReason reason, long value) {
        return "{\"reason\":\""
                + reason.text()
                + "\",\"value\":"
                + value
                + ",\"meaning\":\""
                + reason.meaning()
                + "\",\"help\":\""
                + reason.help()
                + "\"}";
    }

    @Test
    void namesAreDemangledAsIsAsked() throws Exception {
        Profile profile =
                new Profile(
                        new Series(ProfileType.CPU, Labels.of("service_name", "cxx")),
                        Profiles.START_NANOS + 100 * Profiles.WINDOW_NANOS,
                        Profiles.WINDOW_NANOS,
                        0,
                        new int[] {0},
                        new long[] {7});
        Frame frame =
                new Frame(
                        FrameKind.NATIVE,
                        "ab",
                        "/bin/x",
                        7,
                        List.of(Line.named("_ZNSt6vectorIiSaIiEE9push_backERKi")));
        assertThat(
                        server.post(
                                        new ProfileBatch(
                                                List.of(frame),
                                                List.of(new int[] {0}),
                                                List.of(profile)))
                                .statusCode())
                .isEqualTo(200);
        String top =
                "/api/v1/top?from=2026-01-01T00:10:00Z&to=2026-01-01T00:30:00Z&selector="
                        + RunningServer.query("{service_name=\"cxx\"}");
        assertThat(server.text(top)).contains("\"std::vector::push_back\"");
        assertThat(server.text(top + "&demangle=full"))
                .contains("\"std::vector<int, std::allocator<int>>::push_back(int const&)\"");
        assertThat(server.text(top + "&demangle=none"))
                .contains("\"_ZNSt6vectorIiSaIiEE9push_backERKi\"");
    }

    @Test
    void aSelectorChooses() throws Exception {
        String web = RunningServer.query("{service_name=\"web\",node=~\"host-.\"}");
        assertThat(server.text("/api/v1/top?limit=1&" + RANGE + "&selector=" + web))
                .contains("\"total\":1000000000,");
        String none = RunningServer.query("{service_name!=\"web\"}");
        assertThat(server.text("/api/v1/top?" + RANGE + "&selector=" + none))
                .contains("\"total\":0,");
    }

    @Test
    void theTimeSeriesHasEveryStep() throws Exception {
        assertThat(server.text("/api/v1/timeseries?step=10s&type=" + HEAP + "&" + RANGE))
                .isEqualTo(
                        "{\"unit\":\"bytes\",\"stepMillis\":10000,\"points\":["
                                + "[1767225600000,100],[1767225610000,0],[1767225620000,11],"
                                + "[1767225630000,0],[1767225640000,0],[1767225650000,0]]}");
        assertThat(server.text("/api/v1/timeseries?step=1m&groupBy=service_name&" + RANGE))
                .isEqualTo(
                        "{\"unit\":\"nanoseconds\",\"stepMillis\":60000,\"groups\":["
                                + "{\"value\":\"web\",\"points\":[[1767225600000,1000000000]]}]}");
        assertThat(server.text("/api/v1/timeseries?from=now-1h")).contains("\"stepMillis\":20000,");
    }

    @Test
    void pprofIsADownloadWithTheSameTotal() throws Exception {
        HttpResponse<byte[]> answer = server.get("/api/v1/pprof?" + RANGE);
        assertThat(answer.headers().firstValue("content-disposition"))
                .contains("attachment; filename=\"process_cpu-cpu-20260101T000000Z.pb.gz\"");
        assertThat(answer.headers().firstValue("content-encoding")).isEmpty();
        List<MergedProfile> profiles = PprofReader.read(answer.body(), IngestLimits.DEFAULT);
        assertThat(profiles).hasSize(1);
        assertThat(profiles.getFirst().total()).isEqualTo(1_000_000_000);
        assertThat(profiles.getFirst().type().sampleType()).isEqualTo("cpu");
    }

    @Test
    void longAnswersAreCompressedForWhoReadsThat() throws Exception {
        String path = "/api/v1/timeseries?step=100ms&" + RANGE;
        HttpResponse<byte[]> plain = server.get(path);
        HttpResponse<byte[]> gzip = server.get(path, "accept-encoding", "br, gzip;q=0.8");
        assertThat(gzip.headers().firstValue("content-encoding")).contains("gzip");
        assertThat(gzip.headers().firstValue("vary")).contains("accept-encoding");
        assertThat(new GZIPInputStream(new ByteArrayInputStream(gzip.body())).readAllBytes())
                .isEqualTo(plain.body());
        assertThat(
                        server.get(path, "accept-encoding", "gzip;q=0")
                                .headers()
                                .firstValue("content-encoding"))
                .isEmpty();
        assertThat(server.metric("emberscope_server_answer_bytes")).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "top?from=yesterday | from: \"yesterday\" (expected: RFC 3339, epoch milliseconds,"
                        + " now or now-15m)",
                "top?from=now-5x | from: \"5x\" (expected: such as 10s, 15m or 1h30m)",
                "top?from=-1 | from: \"-1\" (expected: RFC 3339, epoch milliseconds, now or"
                        + " now-15m)",
                "top?to=2500-01-01T00:00:00Z | to: \"2500-01-01T00:00:00Z\" (expected: from 1970 to"
                        + " 2199)",
                "top?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z | from:"
                        + " 2026-01-02T00:00:00Z (expected: before to, which is"
                        + " 2026-01-01T00:00:00Z)",
                "top?from=1000&to=1000 | from: 1970-01-01T00:00:01Z (expected: before to, which is"
                        + " 1970-01-01T00:00:01Z)",
                "top?type=cpu | profile type: \"cpu\" (expected:"
                        + " name:sampleType:sampleUnit:periodType:periodUnit)",
                "top?limit=0 | limit: \"0\" (expected: a whole number from 1 to 100000)",
                "top?limit=9999999999 | limit: \"9999999999\" (expected: a whole number from 1 to"
                        + " 100000)",
                "top?selektor=x | parameter: \"selektor\" (expected: demangle, from, limit, partial,"
                        + " search, selector, to, type)",
                "top?demangle=some | demangle: \"some\" (expected: none or simplified or full)",
                "top?from=now&from=now | from: given 2 times (expected: once)",
                "stack-quality?limit=0 | limit: \"0\" (expected: a whole number from 1 to 100000)",
                "stack-quality?search=x | parameter: \"search\" (expected: from, limit, partial,"
                        + " selector, to, type)",
                "lines | function: missing (expected: given)",
                "lines?function=f&limit=0 | limit: \"0\" (expected: a whole number from 1 to"
                        + " 100000)",
                "lines?function=f&search=x | parameter: \"search\" (expected: binary, demangle,"
                        + " from, function, limit, partial, selector, to, type)",
                "top?partial=yes | partial: \"yes\" (expected: true or false)",
                "flamegraph?maxNodes=2000000 | maxNodes: \"2000000\" (expected: a whole number from"
                        + " 1 to 1048576)",
                "flamegraph?format=svg | format: \"svg\" (expected: binary or json)",
                "label-values | name: missing (expected: given)",
                "timeseries?step=1ms | step: 1ms (expected: at least 100ms)",
                "timeseries?step=x | step: \"x\" (expected: such as 10s, 15m or 1h30m)",
                "timeseries?step=100ms&from=now-1d | step: 100ms gives 864000 points (expected: at"
                        + " most 11000; a longer step or a shorter range)"
            })
    void aQuestionThatCannotBeMeantIsRefused(String question, String message) throws Exception {
        HttpResponse<byte[]> answer = server.get("/api/v1/" + question);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"error\":{\"code\":\"invalid_argument\",\"message\":\""
                                + message.replace("\"", "\\\"")
                                + "\"}}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{", "x", "{a=b}", "{a=\"b}", "{a=~\"(\"}", "{a=~\"a{1001}\"}", "{=\"\"}"})
    void aSelectorThatIsNoneIsRefused(String selector) throws Exception {
        HttpResponse<byte[]> answer =
                server.get("/api/v1/top?selector=" + RunningServer.query(selector));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                .startsWith("{\"error\":{\"code\":\"invalid_argument\",\"message\":\"selector")
                .contains("(expected: ");
    }
}
