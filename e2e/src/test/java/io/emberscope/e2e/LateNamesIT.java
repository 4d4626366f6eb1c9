package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Names that come late, through the whole chain: a stripped program is profiled, and shown as
/// addresses; once its debug information is there, the same stored profile shows what `addr2line`
/// says of these addresses.
class LateNamesIT {
    private static final int FREQUENCY_HZ = 997;
    private static final String SELECTOR = "{service_name=\"late\"}";
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @TempDir Path directory;
    private Path whole;
    private Path debug;

    @BeforeEach
    void compile() throws Exception {
        Root.assume();
        Path source = Repository.root().resolve("e2e/src/test/c/late.c");
        whole = directory.resolve("whole/late");
        debug = directory.resolve("debug/late.debug");
        for (Path file : List.of(whole, debug, directory.resolve("bin/late"))) {
            Files.createDirectories(file.getParent());
        }
        run("gcc", "-g", "-O1", "-Wl,--build-id", "-o", whole.toString(), source.toString());
        run("objcopy", "--only-keep-debug", whole.toString(), debug.toString());
        run("strip", "-o", directory.resolve("bin/late").toString(), whole.toString());
    }

    @Test
    void anUploadNamesWhatIsStored() throws Exception {
        try (RealStack stack = RealStack.start(directory, FREQUENCY_HZ)) {
            MergedProfile before = profileTheProgram(stack);
            Run upload =
                    run(
                            "./emberscope",
                            "debuginfo",
                            "upload",
                            "--server",
                            stack.url(),
                            debug.toString());
            assertThat(upload.out()).contains(" functions; ").contains("build id ");
            assertIsAsAddr2LineSays(before, stack.profile(SELECTOR));
            assertThat(run("./emberscope", "debuginfo", "list", "--server", stack.url()).out())
                    .contains("debug_info, uploaded");
        }
    }

    @Test
    void whatADebuginfodServerHasIsFetched() throws Exception {
        int port = RealStack.freePort();
        Path away = directory.resolve("away");
        Files.createDirectories(away);
        Files.move(debug, away.resolve("late.debug"));
        try (Child debuginfod =
                        Child.start(
                                directory.resolve("debuginfod.out"),
                                Map.of("HOME", directory.toString()),
                                List.of(
                                        "debuginfod",
                                        "-F",
                                        "-d",
                                        ":memory:",
                                        "-p",
                                        Integer.toString(port),
                                        away.toString()));
                RealStack stack =
                        RealStack.start(
                                directory,
                                FREQUENCY_HZ,
                                "--debuginfod",
                                "http://127.0.0.1:" + port)) {
            String buildId = buildId();
            debuginfod.await("debug file indexed", PATIENCE, () -> has(port, buildId));
            MergedProfile before = profileTheProgram(stack);
            stack.server().await("symbols fetched", PATIENCE, () -> isListed(stack, buildId));
            assertIsAsAddr2LineSays(before, stack.profile(SELECTOR));
        }
    }

    private static boolean isListed(RealStack stack, String buildId) {
        try {
            return stack.answer("/api/v1/debuginfo").contains(buildId + "\",\"bytes");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The program's profile, before anything but its addresses is known.
    private MergedProfile profileTheProgram(RealStack stack) throws Exception {
        try (Child late =
                Child.start(
                        directory.resolve("late.out"),
                        Map.of(),
                        List.of(directory.resolve("bin/late").toString(), "5"))) {
            assertThat(late.await(Duration.ofMinutes(3))).isZero();
        }
        stack.assertConserved();
        MergedProfile seen = stack.profile(SELECTOR);
        List<Frame> own = own(seen);
        assertThat(own).as("frames of the program").isNotEmpty();
        assertThat(own).allMatch(frame -> frame.lines().isEmpty());
        assertThat(stack.answer("/api/v1/top?from=0&selector=" + "%7Bservice_name%3D%22late%22%7D"))
                .contains("\"late+0x");
        return seen;
    }

    private void assertIsAsAddr2LineSays(MergedProfile before, MergedProfile after)
            throws Exception {
        assertThat(after.total()).isEqualTo(before.total());
        Map<Long, String> said = new TreeMap<>();
        long ahead = addressesAheadOfOffsets();
        for (Frame frame : own(before)) {
            said.put(frame.offset(), addr2line(frame.offset() + ahead));
        }
        Map<Long, String> shown = new TreeMap<>();
        for (Frame frame : own(after)) {
            shown.put(
                    frame.offset(),
                    frame.lines().stream()
                            .map(line -> line.function() + ' ' + line.line())
                            .collect(Collectors.joining("\n")));
        }
        assertThat(shown.keySet()).isEqualTo(said.keySet());
        Set<String> named =
                own(after).stream()
                        .flatMap(frame -> frame.lines().stream())
                        .map(Line::function)
                        .collect(Collectors.toSet());
        assertThat(named).contains("squares", "burn", "main");
        said.forEach(
                (offset, text) -> {
                    // What the compiler adds around a program has no lines, and addr2line no name.
                    if (!text.startsWith("?? ")) {
                        assertThat(shown).as("0x%x", offset).containsEntry(offset, text);
                    }
                });
        long hot = RealStack.totalOf(after, "squares");
        assertThat((double) hot / after.total()).as("share of the hot function").isGreaterThan(0.8);
    }

    private List<Frame> own(MergedProfile profile) {
        return profile.frames().stream().filter(frame -> frame.binary().endsWith("/late")).toList();
    }

    /// How much addresses are larger than offsets in the file, in the program's only segment of
    /// code.
    private long addressesAheadOfOffsets() throws Exception {
        String[] code =
                run("readelf", "-lW", whole.toString())
                        .out()
                        .lines()
                        .filter(line -> line.contains("LOAD") && line.contains("R E"))
                        .findFirst()
                        .orElseThrow()
                        .trim()
                        .split(" +", -1);
        return Long.decode(code[2]) - Long.decode(code[1]);
    }

    /// Functions and lines, innermost first, as the page's API gives them.
    private String addr2line(long address) throws Exception {
        List<String> lines =
                run(
                                "addr2line",
                                "-f",
                                "-i",
                                "-e",
                                whole.toString(),
                                "0x" + Long.toHexString(address))
                        .out()
                        .lines()
                        .toList();
        List<String> frames = new ArrayList<>();
        for (int i = 0; i + 1 < lines.size(); i += 2) {
            String place = lines.get(i + 1).replaceFirst(" \\(discriminator.*", "");
            String line = place.substring(place.lastIndexOf(':') + 1);
            frames.add(lines.get(i) + ' ' + (line.equals("?") ? "0" : line));
        }
        return String.join("\n", frames);
    }

    private String buildId() throws Exception {
        String notes = run("readelf", "-n", whole.toString()).out();
        return notes.replaceFirst("(?s).*Build ID: ", "").replaceFirst("(?s)\\s.*", "");
    }

    private static boolean has(int port, String buildId) {
        try {
            URI uri = URI.create("http://127.0.0.1:" + port + "/buildid/" + buildId + "/debuginfo");
            HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
            try {
                return connection.getResponseCode() == 200;
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return false; // not there yet
        }
    }

    private static Run run(String... command) throws Exception {
        Run run = Run.of(Repository.root(), Map.of("EMBERSCOPE_BUILD", "never"), List.of(command));
        assertThat(run.status()).as("%s: %s", String.join(" ", command), run.out()).isZero();
        return run;
    }
}
