package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The recipes of `docs/sql.md`, asked of a real server by DuckDB with its Iceberg extension, say
/// what the server's own answers say.
class SqlIT {
    /// The versions belong together.
    private static final String DUCKDB = "1.5.5";

    private static final Pattern RECIPE = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);
    private static final Pattern ROW = Pattern.compile("\\[\"([^\"]*)\", \"([^\"]*)\"(.*?)]");
    private static final Pattern FUNCTION =
            Pattern.compile("\\{\"name\":\"([^\"]*)\"[^}]*?\"self\":([0-9]+)");
    private static final long SECOND = 1_000_000_000;

    @TempDir private static Path directory;
    private static Tools tools;
    private static Path python;

    /// The start of an hour, which two windows of five minutes are in.
    private final Instant hour =
            Instant.now().minus(Duration.ofHours(3)).truncatedTo(ChronoUnit.HOURS);

    private final Instant lately = Instant.now().minus(Duration.ofMinutes(20));

    @BeforeAll
    static void installDuckDb() throws Exception {
        tools = new Tools(directory);
        Path environment = Path.of("target", "duckdb-" + DUCKDB).toAbsolutePath();
        python = environment.resolve("bin/python3");
        if (!Files.exists(environment.resolve("whole"))) {
            tools.run("python3", "-m", "venv", "--clear", environment.toString());
            List<String> install = new ArrayList<>(List.of(python.toString(), "-m", "pip"));
            // DuckDB wants pytz for times.
            install.addAll(List.of("install", "--quiet", "pytz", "duckdb==" + DUCKDB));
            for (String extension : List.of("httpfs", "avro", "iceberg")) {
                install.add("duckdb-extension-" + extension + "==" + DUCKDB);
            }
            tools.run(install.toArray(String[]::new));
            Files.createFile(environment.resolve("whole"));
        }
    }

    @Test
    void recipesSayWhatTheServerSays() throws Exception {
        Path data = directory.resolve("data");
        // Each run of the server ends with a segment, and both have the same stacks.
        try (RunningServer server = RunningServer.start(data)) {
            post(server, batch("checkout", "shop", hour, List.of("charge", "parse"), 40, 20));
            post(server, batch("checkout", "shop", hour.plusSeconds(300), List.of("charge"), 5));
            post(server, batch("search", "web", hour, List.of("charge", ""), 7, 9));
        }
        try (RunningServer server = RunningServer.start(data)) {
            post(server, batch("checkout", "shop", lately, List.of("charge", "discount"), 3, 11));
        }
        try (RunningServer server = RunningServer.start(data)) {
            List<String> answers = ask(server, recipes());
            assertThat(answers).hasSize(3);
            assertThat(rows(answers.get(0)))
                    .containsExactlyElementsOf(top(server, "{pod=\"checkout-5b7f\"}"));
            assertThat(rows(answers.get(0))).contains("charge 48.000");
            assertThat(rows(answers.get(1)))
                    .contains(
                            "shop " + text(hour) + " " + cores(65),
                            "web " + text(hour) + " " + cores(16));
            assertThat(rows(answers.get(2))).containsExactly("discount 11.000");
        }
    }

    @Test
    void aTableIsToldAnewWhenThereIsMore() throws Exception {
        Path data = directory.resolve("more");
        String count = "SELECT count(*), sum(value) FROM samples";
        try (RunningServer server = RunningServer.start(data)) {
            assertThat(ask(server, List.of(count))).containsExactly("[[\"0\", \"None\"]]");
            post(server, batch("checkout", "shop", hour, List.of("charge"), 40));
        }
        try (RunningServer server = RunningServer.start(data)) {
            assertThat(ask(server, List.of(count))).containsExactly("[[\"1\", \"40000000000\"]]");
        }
    }

    private static List<String> recipes() throws Exception {
        List<String> recipes = new ArrayList<>();
        Matcher all = RECIPE.matcher(Files.readString(Path.of("../docs/sql.md")));
        while (all.find()) {
            recipes.add(all.group(1));
        }
        return recipes;
    }

    private static List<String> ask(RunningServer server, List<String> statements)
            throws Exception {
        Path file = Files.createTempFile(directory, "statements", ".sql");
        Files.writeString(file, String.join("\n-\n", statements));
        Path script = Path.of("src/test/python/recipes.py").toAbsolutePath();
        return tools.output(
                        python.toString(),
                        script.toString(),
                        server.uri().toString(),
                        file.toString())
                .lines()
                .toList();
    }

    /// Names and seconds, or all that is in a row.
    private static List<String> rows(String answer) {
        List<String> rows = new ArrayList<>();
        Matcher row = ROW.matcher(answer);
        while (row.find()) {
            String rest = row.group(3).replaceAll("[\", ]+", " ").strip();
            rows.add(
                    rest.isEmpty()
                            ? row.group(1) + " " + decimals(Double.parseDouble(row.group(2)))
                            : row.group(1)
                                    + " "
                                    + row.group(2)
                                    + " "
                                    + decimals(Double.parseDouble(rest)));
        }
        return rows;
    }

    private static String decimals(double number) {
        return String.format(Locale.ROOT, "%.3f", number);
    }

    private static String cores(long seconds) {
        return decimals(seconds / 3600.0);
    }

    private static String text(Instant instant) {
        return instant.toString().replace('T', ' ').replace("Z", "+00:00");
    }

    /// Functions with their own seconds, as the table of the web view has them.
    private static List<String> top(RunningServer server, String selector) throws Exception {
        String answer =
                server.text("/api/v1/top?from=now-7d&selector=" + RunningServer.query(selector));
        List<String> rows = new ArrayList<>();
        Matcher function = FUNCTION.matcher(answer);
        while (function.find()) {
            long self = Long.parseLong(function.group(2));
            if (self > 0) {
                rows.add(function.group(1) + " " + decimals((double) self / SECOND));
            }
        }
        return rows;
    }

    private static void post(RunningServer server, ProfileBatch batch) throws Exception {
        assertThat(server.post(batch).statusCode()).isEqualTo(200);
    }

    /// A profile in which `main` calls each function for so many seconds. One without a name is a
    /// place in a binary.
    private static ProfileBatch batch(
            String service,
            String namespace,
            Instant start,
            List<String> functions,
            int... seconds) {
        List<Frame> frames = new ArrayList<>(List.of(frame("main", 0)));
        List<int[]> stacks = new ArrayList<>();
        int[] numbers = new int[seconds.length];
        long[] values = new long[seconds.length];
        for (int i = 0; i < seconds.length; i++) {
            frames.add(frame(functions.get(i), i + 1));
            stacks.add(new int[] {i + 1, 0});
            numbers[i] = i;
            values[i] = seconds[i] * SECOND;
        }
        Labels labels =
                Labels.of(
                        "service_name", service, "namespace", namespace, "pod", service + "-5b7f");
        return new ProfileBatch(
                frames,
                stacks,
                List.of(
                        new Profile(
                                new Series(ProfileType.CPU, labels),
                                start.getEpochSecond() * SECOND,
                                300 * SECOND,
                                SECOND,
                                numbers,
                                values)));
    }

    private static Frame frame(String name, int place) {
        return new Frame(
                FrameKind.NATIVE,
                "0123456789abcdef",
                "/usr/bin/app",
                0x1000 + 16L * (name.isEmpty() ? 99 : name.hashCode() & 0xff) + place,
                name.isEmpty() ? List.of() : List.of(Line.named(name)));
    }
}
