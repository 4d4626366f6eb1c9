package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.Series;
import io.emberscope.profile.pprof.PprofReader;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Names that come late: a profile of a program without symbols is stored, and is told functions,
/// inlined ones and lines once its debug file is there, uploaded or fetched.
class DebugInfoIT {
    private static final String RANGE = "from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z";
    private static final String PATH = "/api/v1/debuginfo";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// `hot` is inlined into `work`, at a line that is known.
    private static final String PROGRAM =
            """
            static volatile unsigned long sink;
            static inline __attribute__((always_inline)) void hot(unsigned long n) {
                for (unsigned long i = 0; i < n; i++)
                    sink += i * i;
            }
            __attribute__((noinline)) void work(unsigned long n) {
                hot(n);
            }
            int main(int argc, char **argv) {
                work(argc * 1000UL);
                return 0;
            }
            """;

    @TempDir private static Path programs;
    private static Toolchain toolchain;
    private static Path whole;
    private static Path debug;
    private static String buildId;

    /// Addresses of two instructions: in the loop of `hot`, and where `main` calls `work`.
    private static long inHot;

    private static long inMain;

    @TempDir Path data;
    private RunningServer server;

    @BeforeAll
    static void compile() throws Exception {
        toolchain = new Toolchain(programs);
        Files.writeString(programs.resolve("program.c"), PROGRAM);
        toolchain.run("gcc", "-g", "-O1", "-Wl,--build-id", "-o", "whole", "program.c");
        toolchain.run("objcopy", "--only-keep-debug", "whole", "program.debug");
        toolchain.run("strip", "-o", "stripped", "whole");
        whole = programs.resolve("whole");
        debug = programs.resolve("program.debug");
        buildId = toolchain.buildId("whole");
        inHot = addressOfLine(4);
        inMain = addressOfLine(10);
    }

    /// The first address that the line table of `readelf` gives for a line.
    private static long addressOfLine(int line) throws Exception {
        String table = toolchain.output("readelf", "--debug-dump=decodedline", whole.toString());
        return table.lines()
                .map(row -> row.trim().split("\\s+"))
                .filter(row -> row.length > 2 && row[0].equals("program.c"))
                .filter(row -> row[1].equals(Integer.toString(line)))
                .map(row -> Long.decode(row[2]))
                .findFirst()
                .orElseThrow();
    }

    @BeforeEach
    void start() throws IOException {
        server = RunningServer.start(data);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    /// A sample in `hot`, called by `work`, and what `main` did itself.
    private static ProfileBatch batch() {
        return batch(0x1000, inHot);
    }

    private static ProfileBatch batch(long offset, long address) {
        Frame hot = new Frame(FrameKind.NATIVE, buildId, "program", offset, address, List.of());
        Frame main =
                new Frame(
                        FrameKind.NATIVE,
                        buildId,
                        "program",
                        0x2000,
                        inMain,
                        List.of(Line.named("main")));
        Series series = new Series(ProfileType.CPU, Labels.of("service_name", "program"));
        return new ProfileBatch(
                List.of(hot, main),
                List.of(new int[] {0, 1}, new int[] {1}),
                List.of(
                        new Profile(
                                series,
                                Profiles.START_NANOS,
                                Profiles.WINDOW_NANOS,
                                10_000_000,
                                new int[] {0, 1},
                                new long[] {70, 30})));
    }

    @Test
    void aStoredProfileIsNamedOnceTheDebugFileIsUploaded() throws Exception {
        assertThat(server.post(batch()).statusCode()).isEqualTo(200);
        assertThat(names()).containsExactlyInAnyOrder("", "main");
        assertThat(lines()).containsExactly("main 0");

        HttpResponse<byte[]> answer = upload(Files.readAllBytes(debug));
        assertThat(text(answer)).isEqualTo("");
        assertThat(server.text(PATH))
                .contains("\"buildId\":\"" + buildId + "\"")
                .contains("\"sources\":[\"symbols\",\"debug_info\"]")
                .contains("\"shared\":false");

        assertThat(names()).containsExactlyInAnyOrder("hot", "work", "main");
        assertThat(lines()).containsExactlyInAnyOrder("hot 4", "work 7", "main 10");
        stop();
        start();
        assertThat(names()).containsExactlyInAnyOrder("hot", "work", "main");
        assertThat(left()).isEmpty();
    }

    @Test
    void theBinaryItselfWillDoAndDoesNotReplaceWhatSaysMore() throws Exception {
        assertThat(server.post(batch()).statusCode()).isEqualTo(200);
        assertThat(upload(Files.readAllBytes(whole)).statusCode()).isEqualTo(200);
        assertThat(names()).containsExactlyInAnyOrder("hot", "work", "main");
        byte[] stripped = Files.readAllBytes(programs.resolve("stripped"));
        assertThat(new String(upload(stripped).body(), StandardCharsets.UTF_8))
                .contains("\"sources\":[\"symbols\",\"debug_info\"]");
        assertThat(names()).containsExactlyInAnyOrder("hot", "work", "main");
    }

    /// As other profilers send it: where in the file an instruction is, and no address.
    @Test
    void aBinaryTellsTheAddressesThatAnotherSenderDoesNotKnow() throws Exception {
        String[] code =
                toolchain
                        .output("readelf", "-lW", whole.toString())
                        .lines()
                        .filter(line -> line.contains("LOAD") && line.contains("R E"))
                        .findFirst()
                        .orElseThrow()
                        .trim()
                        .split(" +", -1);
        long offset = inHot - Long.decode(code[2]) + Long.decode(code[1]);
        assertThat(server.post(batch(offset, Frame.NO_ADDRESS)).statusCode()).isEqualTo(200);
        assertThat(upload(Files.readAllBytes(whole)).statusCode()).isEqualTo(200);
        assertThat(names()).containsExactlyInAnyOrder("hot", "work", "main");
    }

    @Test
    void aSymbolFileIsTakenAsItIs() throws Exception {
        byte[] symbols = symbols();
        try (RunningServer other = RunningServer.start(data.resolve("other"))) {
            assertThat(upload(other, symbols).statusCode()).isEqualTo(200);
            assertThat(other.text(PATH)).contains(buildId);
            byte[] damaged = symbols.clone();
            damaged[damaged.length / 2] ^= 1;
            assertThat(upload(other, damaged).statusCode()).isEqualTo(400);
            assertThat(upload(other, Arrays.copyOf(symbols, symbols.length - 1)).statusCode())
                    .isEqualTo(400);
        }
    }

    @Test
    void whatIsNoDebugFileIsRefusedWithTheReasonAndLeavesNothing() throws Exception {
        byte[] elf = Files.readAllBytes(debug);
        byte[] noId = Files.readAllBytes(withoutBuildId());
        assertThat(text(upload(new byte[0]))).contains("file: empty (expected: an ELF");
        assertThat(text(upload("nothing".getBytes(StandardCharsets.UTF_8)))).contains("expected: ");
        assertThat(text(upload(Arrays.copyOf(elf, 100)))).contains("expected: ");
        assertThat(text(upload(noId))).contains("build id: none (expected: one, by which");
        byte[] wild = elf.clone();
        for (int i = 64; i < wild.length; i += 7) {
            wild[i] = (byte) 0xff;
        }
        assertThat(upload(wild).statusCode()).isIn(200, 400);
        HttpResponse<byte[]> form =
                server.post(PATH, elf, "content-type", "application/x-www-form-urlencoded");
        assertThat(form.statusCode()).isEqualTo(415);
        assertThat(left()).isEmpty();
    }

    @Test
    void aBombIsRefusedBeforeItFillsTheDisk() throws Exception {
        // A section of zeros, a thousand times as large as the file once it is compressed.
        Files.writeString(
                programs.resolve("bomb.s"),
                """
                .section .debug_info,"",@progbits
                .zero 0x40000000
                .text
                .globl _start
                _start: ret
                """);
        toolchain.run("gcc", "-nostdlib", "-Wl,--build-id", "-o", "bomb", "bomb.s");
        toolchain.run("objcopy", "--compress-debug-sections=zlib", "bomb");
        byte[] bomb = Files.readAllBytes(programs.resolve("bomb"));
        assertThat(bomb.length).isLessThan(8 << 20);
        assertThat(text(upload(bomb)))
                .contains(".debug_info: 1073741824 bytes uncompressed (expected: at most ");
        assertThat(left()).isEmpty();
    }

    @Test
    void whatIsMissingIsFetchedOnceAndWhatIsAbsentIsNotAskedForAgain() throws Exception {
        try (DebuginfodServer servers = new DebuginfodServer();
                RunningServer fetching = servers.askedBy(data.resolve("fetching"))) {
            servers.files.put(buildId + "/debuginfo", Files.readAllBytes(debug));
            assertThat(fetching.post(batch()).statusCode()).isEqualTo(200);
            assertThat(fetching.post(Bodies.ofBinary("abcdef0123456789", 0x1234)).statusCode())
                    .isEqualTo(200);
            await(fetching, "\"hot\"");
            assertThat(lines(fetching)).containsExactlyInAnyOrder("hot 4", "work 7", "main 10");
            assertThat(fetching.text(PATH)).contains("\"shared\":true").contains("\"absent\"");
            for (int i = 0; i < 5; i++) {
                fetching.text("/api/v1/top?" + RANGE);
            }
            assertThat(servers.asked)
                    .containsEntry(buildId + "/debuginfo", 1)
                    .containsEntry("abcdef0123456789/debuginfo", 1)
                    .containsEntry("abcdef0123456789/executable", 1);
        }
    }

    /// A symbol file, as a server makes it.
    private byte[] symbols() throws Exception {
        assertThat(upload(Files.readAllBytes(debug)).statusCode()).isEqualTo(200);
        try (Stream<Path> files = Files.walk(data.resolve("symbols"))) {
            return Files.readAllBytes(
                    files.filter(file -> file.toString().endsWith(".symbols"))
                            .findFirst()
                            .orElseThrow());
        }
    }

    @Test
    void aServerThatGivesAnotherBinaryOrNoElfFileIsNotBelieved() throws Exception {
        try (DebuginfodServer servers = new DebuginfodServer();
                RunningServer fetching = servers.askedBy(data.resolve("fetching"))) {
            String other = "00112233445566778899";
            servers.files.put(other + "/debuginfo", Files.readAllBytes(debug));
            servers.files.put(buildId + "/debuginfo", symbols());
            assertThat(fetching.post(batch()).statusCode()).isEqualTo(200);
            assertThat(fetching.post(Bodies.ofBinary(other, 0x1234)).statusCode()).isEqualTo(200);
            fetching.text("/api/v1/top?" + RANGE);
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (fetching.text(PATH).split("unreadable", -1).length < 3) {
                assertThat(System.nanoTime()).as(fetching.text(PATH)).isLessThan(end);
                Thread.sleep(50);
            }
            assertThat(fetching.text(PATH))
                    .contains("build id: " + buildId + " (expected: " + other + ")")
                    .contains("file: a symbol file (expected: an ELF file)")
                    .contains("\"symbols\":[]");
        }
    }

    private static void await(RunningServer server, String wanted) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        String top = server.text("/api/v1/top?" + RANGE);
        while (!top.contains(wanted)) {
            assertThat(System.nanoTime()).as(top).isLessThan(end);
            Thread.sleep(50);
            top = server.text("/api/v1/top?" + RANGE);
        }
    }

    /// The functions of the profile; empty for one that is not known.
    private List<String> names() throws Exception {
        return lines(server, false);
    }

    private List<String> lines() throws Exception {
        return lines(server);
    }

    private static List<String> lines(RunningServer server) throws Exception {
        return lines(server, true).stream().filter(line -> !line.isEmpty()).toList();
    }

    /// Each function of the pprof download once, with its line if that is wanted.
    private static List<String> lines(RunningServer server, boolean withLine) throws Exception {
        byte[] body =
                server.get(
                                "/api/v1/pprof?"
                                        + RANGE
                                        + "&selector="
                                        + RunningServer.query("{service_name=\"program\"}"))
                        .body();
        List<String> found = new ArrayList<>();
        for (Frame frame : PprofReader.read(body, IngestLimits.DEFAULT).getFirst().frames()) {
            if (frame.lines().isEmpty()) {
                found.add("");
            }
            for (Line line : frame.lines()) {
                found.add(withLine ? line.function() + ' ' + line.line() : line.function());
            }
        }
        return found.stream().distinct().toList();
    }

    private HttpResponse<byte[]> upload(byte[] file) throws Exception {
        return upload(server, file);
    }

    private static HttpResponse<byte[]> upload(RunningServer server, byte[] file) throws Exception {
        return server.post(PATH, file, "content-type", "application/octet-stream");
    }

    /// What an answer refuses with; empty if it does not.
    private static String text(HttpResponse<byte[]> answer) {
        String body = new String(answer.body(), StandardCharsets.UTF_8);
        return answer.statusCode() == 200 ? "" : answer.statusCode() + " " + body;
    }

    /// Files left of what came in.
    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("symbols/incoming"))) {
            return files.toList();
        }
    }

    private static Path withoutBuildId() throws Exception {
        toolchain.run("gcc", "-g", "-Wl,--build-id=none", "-o", "without", "program.c");
        return programs.resolve("without");
    }
}
