package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.pprof.GoTool;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page in Chromium, served by the real server that the real collector fed with a program's
/// samples: `web/e2e/server/server.spec.ts` uses it, and Go's pprof reads what it downloads.
class BrowserIT {
    private static final int FREQUENCY_HZ = 197;
    private static final String SELECTOR = "{service_name=\"burner\"}";

    /// The costliest first, and far enough apart that samples cannot say otherwise.
    private static final List<String> FUNCTIONS = List.of("burn_sixty", "burn_thirty", "burn_ten");

    private static final int SECONDS_PER_THREAD = 5;
    private static final int THREADS = 2;

    @TempDir Path directory;

    @Test
    void thePageShowsAndHandsOutWhatTheCollectorSaw() throws Exception {
        Root.assume();
        Path program = CProgram.compile("truth", directory, "burner");
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ)) {
            // A window is stamped with its start.
            Instant from = Instant.now().minusSeconds(10);
            burn(program);
            stack.assertConserved();
            Instant to = Instant.now();

            Path download = directory.resolve("download.pb.gz");
            Run page =
                    Run.of(
                            Repository.root().resolve("web"),
                            Map.of(
                                    "EMBERSCOPE_URL",
                                    stack.url(),
                                    "EMBERSCOPE_SELECTOR",
                                    SELECTOR,
                                    "EMBERSCOPE_FUNCTIONS",
                                    String.join(",", FUNCTIONS),
                                    "EMBERSCOPE_FROM",
                                    from.toString(),
                                    "EMBERSCOPE_TO",
                                    to.toString(),
                                    "EMBERSCOPE_PPROF",
                                    download.toString(),
                                    "NO_COLOR",
                                    "1"),
                            List.of("npm", "run", "e2e", "--silent"));
            assertThat(page.status()).as(page.out()).isZero();

            String server =
                    stack.answer(
                            "/api/v1/top?limit=100000&from=%s&to=%s&selector=%s"
                                    .formatted(
                                            from,
                                            to,
                                            URLEncoder.encode(SELECTOR, StandardCharsets.UTF_8)));
            String go = GoTool.in(directory).top(download);
            assertThat(numbers(go, "of (\\d+)ns total"))
                    .as(go)
                    .isEqualTo(numbers(server, "^\\{\"unit\":\"nanoseconds\",\"total\":(\\d+),"));
            for (String function : FUNCTIONS) {
                List<Long> inGo = numbers(go, rowOfGo(function));
                assertThat(inGo).as(function).isEqualTo(numbers(server, rowOfAnswer(function)));
            }
        }
    }

    /// Self and total of a function in the table that `go tool pprof -top` prints.
    private static String rowOfGo(String function) {
        return "(?m)^ *(\\d+)(?:ns)? +\\S+ +\\S+ +(\\d+)(?:ns)? +\\S+ +" + function + "$";
    }

    /// The same in the server's table.
    private static String rowOfAnswer(String function) {
        return "\"name\":\""
                + function
                + "\",\"binary\":\"[^\"]*\",\"kind\":\"native\",\"self\":(\\d+),\"total\":(\\d+)}";
    }

    private void burn(Path program) throws Exception {
        List<String> command =
                List.of(
                        program.toString(),
                        Integer.toString(SECONDS_PER_THREAD),
                        Integer.toString(THREADS));
        try (Child burner = Child.start(directory.resolve("burner.out"), Map.of(), command)) {
            assertThat(burner.await(Duration.ofMinutes(3))).as(burner.out()).isZero();
        }
    }

    /// The groups of the first match.
    private static List<Long> numbers(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return IntStream.rangeClosed(1, matcher.groupCount())
                .mapToObj(group -> Long.parseLong(matcher.group(group)))
                .toList();
    }
}
