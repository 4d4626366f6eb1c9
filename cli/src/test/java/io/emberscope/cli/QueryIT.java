package io.emberscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Labels;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.Series;
import io.emberscope.profile.otlp.OtlpEncoder;
import io.emberscope.profile.pprof.PprofReader;
import io.emberscope.server.RunningServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The query tool against a real server: what it prints, saves and returns.
class QueryIT {
    private static final String FROM = "2026-01-01T00:00:00Z";
    private static final String TO = "2026-01-01T00:01:00Z";

    @TempDir private static Path data;
    @TempDir private Path directory;
    private static RunningServer server;

    private record Run(int exit, String out, String err) {}

    @BeforeAll
    static void start() throws IOException {
        server = RunningServer.start(data);
        send(Profiles.cpu());
        send(Profiles.cut());
        send(Profiles.sources());
        send(otherTypes());
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static void send(ProfileBatch batch) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection)
                        server.uri().resolve("/v1development/profiles").toURL().openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/x-protobuf");
        connection.getOutputStream().write(OtlpEncoder.encode(batch));
        assertThat(connection.getResponseCode()).isEqualTo(200);
    }

    private static Run run(boolean terminal, int width, String... arguments) {
        return run(Map.of(), terminal, width, arguments);
    }

    private static Run run(
            Map<String, String> environment, boolean terminal, int width, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (!all.contains("--server")) {
            all.addAll(List.of("--server", server.uri().toString()));
        }
        return bare(environment, terminal, width, all);
    }

    private static Run bare(
            Map<String, String> environment, boolean terminal, int width, List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        int exit = QueryMain.run(arguments, environment, outStream, errStream, terminal, width);
        outStream.flush();
        return new Run(
                exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void topIsATable() {
        Run run = run(false, 80, "top", "--from", FROM, "--to", TO);
        assertThat(run.err).isEmpty();
        assertThat(run.exit).isZero();
        assertThat(run.out)
                .isEqualTo(
                        """
                        1.00s in all, 4 functions
                            self  self%   total total%  function
                           600ms  60.0%   600ms  60.0%  work  web
                           300ms  30.0%   300ms  30.0%  rest  web
                           100ms  10.0%   100ms  10.0%  do_syscall_64  [kernel]
                             0ns   0.0%   1.00s 100.0%  main  web
                        """);
    }

    @Test
    void topSaysWhatItLeavesOut() {
        Run run = run(false, 80, "top", "--from", FROM, "--to", TO, "-n", "1");
        assertThat(run.out)
                .endsWith("work  web\n3 more functions are not shown; see more with --limit\n");
        assertThat(run(false, 80, "top", "--from", FROM, "--to", TO, "--search", "REST").out)
                .contains("1.00s in all, 1 functions", "rest")
                .doesNotContain("work");
    }

    private static final String[] CUT = {
        "quality", "--from", "2026-01-01T01:00:00Z", "--to", "2026-01-01T01:01:00Z"
    };

    @Test
    void qualityTellsWhereAndWhyStacksEnd() {
        Run run = run(false, 80, CUT);
        assertThat(run.err).isEmpty();
        assertThat(run.exit).isZero();
        assertThat(run.out)
                .isEqualTo(
                        """
                        98.0% of 1.00s is in stacks that reach their root

                             cut   cut%  why
                          12.0ms   1.2%  no unwind rule
                                         No unwind table covers this code, and it keeps no frame
                                         pointer.
                                         Build the binary with -fasynchronous-unwind-tables or
                                         -fno-omit-frame-pointer, and do not strip .eh_frame. Some C
                                         libraries, such as musl's, come without. Java, whose code is
                                         [anon], may need -XX:+PreserveFramePointer. A table that is
                                         there but could not be read needs no new build:
                                         emberscope_collector_unwind_tables_failed_total counts those
                                         files, and the collector's log names them.
                          5.00ms   0.5%  too deep
                                         There are more frames than are kept: 1,024 in user space, 127
                                         in the kernel.
                                         Usually deep recursion. The innermost frames are there; nothing
                                         can be set.
                          3.00ms   0.3%  =of its own

                             cut   cut%  of its  where
                          12.0ms   1.2%    1.2%  libc.so.6  no unwind rule
                          8.00ms   0.8%    0.8%  web  too deep, =of its own
                        """);
    }

    @Test
    void qualitySaysWhatItLeavesOutAndIsShort() {
        List<String> arguments = new ArrayList<>(List.of(CUT));
        arguments.addAll(List.of("-n", "1"));
        assertThat(run(false, 80, arguments.toArray(String[]::new)).out)
                .endsWith(
                        """
                        libc.so.6  no unwind rule
                        1 more binaries are not shown; see more with --limit
                        """);
        assertThat(run(false, 80, "quality", "--from", FROM, "--to", TO).out)
                .isEqualTo("100.0% of 1.00s is in stacks that reach their root\n");
    }

    @Test
    void qualityIsSavedAsCells() {
        Path csv = directory.resolve("quality.csv");
        List<String> arguments = new ArrayList<>(List.of(CUT));
        arguments.addAll(List.of("-o", csv.toString()));
        assertThat(run(false, 80, arguments.toArray(String[]::new)).exit).isZero();
        assertThat(csv)
                .hasContent(
                        """
                        cut_nanoseconds,binary_nanoseconds,binary,reason
                        12000000,992000000,"/usr/lib/libc.so.6","no unwind rule"
                        5000000,988000000,"/usr/bin/web","too deep"
                        3000000,988000000,"/usr/bin/web","'=of its own"
                        """);
    }

    private static final String[] SOURCES = {
        "--from", "2026-01-01T04:00:00Z", "--to", "2026-01-01T04:01:00Z"
    };

    private static Run ofSources(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of(SOURCES));
        return run(false, 60, all.toArray(String[]::new));
    }

    @Test
    void qualityTellsWhichCodeHasNoNamesAndWhatToDo() {
        String buildId = Profiles.sources().frames().get(4).buildId();
        assertThat(ofSources("quality").out)
                .isEqualTo(
                        """
                        100.0% of 1.00s is in stacks that reach their root

                        20.0% is in code without names

                           value value%  places  where, and its build id
                           170ms  17.0%       2  stripped
                                                 BUILD_ID
                          30.0ms   3.0%       1  [anon]
                        Binaries with a build id get names, also in what is stored
                        already: ./emberscope debuginfo upload FILE, where FILE is
                        the binary before it was stripped or its debug file; or
                        start the server with --debuginfod URL.
                        """
                                .replace("BUILD_ID", buildId));
        assertThat(ofSources("quality", "-n", "1").out)
                .contains("1 more binaries are not shown; see more with --limit\n")
                .doesNotContain("[anon]");
    }

    @Test
    void linesAreInTheOrderOfTheSource() {
        Run run = ofSources("lines", "work");
        assertThat(run.err).isEmpty();
        assertThat(run.exit).isZero();
        assertThat(run.out)
                .isEqualTo(
                        """
                        work
                        400ms in itself, 800ms with all it calls, of 1.00s
                            self  self%   total total%  line
                             0ns   0.0%   400ms  40.0%  /src/work.c:30
                           300ms  30.0%   300ms  30.0%  /src/work.c:31
                           100ms  10.0%   100ms  10.0%  (not known)
                        """);
        assertThat(ofSources("lines", "work", "-n", "1").out)
                .endsWith(
                        """
                        /src/work.c:30
                        2 cheaper lines are not shown; see more with --limit
                        """);
    }

    @Test
    void linesAreSavedAsCells() {
        Path csv = directory.resolve("lines.csv");
        assertThat(ofSources("lines", "work", "--binary=/usr/bin/app", "-o", csv.toString()).exit)
                .isZero();
        assertThat(csv)
                .hasContent(
                        """
                        self_nanoseconds,total_nanoseconds,file,line
                        0,400000000,"/src/work.c",30
                        300000000,300000000,"/src/work.c",31
                        100000000,100000000,"",0
                        """);
    }

    @Test
    void aFunctionThatIsNotThereIsSaid() {
        Run run = ofSources("lines", "work", "--binary", "/usr/bin/other");
        assertThat(run.out).isEmpty();
        assertThat(run.err)
                .isEqualTo(
                        "emberscope query: no function of that name here; `emberscope query top"
                                + " --search TEXT` shows names\n");
    }

    @Test
    void flameGraphIsATree() {
        Run run = run(false, 80, "flamegraph", "--from", FROM, "--to", TO);
        assertThat(run.err).isEmpty();
        assertThat(run.out)
                .isEqualTo(
                        """
                        100.0%  all  1.00s
                        100.0%  └─ main  web
                         60.0%     ├─ work  web
                         30.0%     ├─ rest  web
                         10.0%     └─ do_syscall_64  [kernel]
                        """);
    }

    @Test
    void flameGraphIsGroupedByALabel() {
        String[] options = {"--from", FROM, "--to", TO, "--group-by", "thread_name"};
        List<String> arguments = new ArrayList<>(List.of("flamegraph", "--format", "folded"));
        arguments.addAll(List.of(options));
        assertThat(run(false, 80, arguments.toArray(String[]::new)).out)
                .isEqualTo(
                        """
                        worker-1;main;work 600000000
                        worker-1;main;rest 300000000
                        worker-1;main;do_syscall_64 100000000
                        """);
    }

    @Test
    void smallBranchesAreCounted() {
        Run run = run(false, 80, "flamegraph", "--from", FROM, "--to", TO, "--min-share", "31");
        assertThat(run.out)
                .isEqualTo(
                        """
                        100.0%  all  1.00s
                        100.0%  └─ main  web
                         60.0%     ├─ work  web
                         40.0%     └─ 2 smaller ones
                        """);
    }

    @Test
    void coloursAreForTerminalsOnly() {
        String[] arguments = {"flamegraph", "--from", FROM, "--to", TO};
        assertThat(run(true, 80, arguments).out).contains("\u001b[1;31m", "\u001b[36m");
        assertThat(run(false, 80, arguments).out).doesNotContain("\u001b");
        assertThat(run(Map.of("NO_COLOR", "1"), true, 80, arguments).out).doesNotContain("\u001b");
        assertThat(run(true, 80, "top", "--no-color", "--from", FROM, "--to", TO).out)
                .doesNotContain("\u001b");
    }

    @Test
    void pprofIsSavedWhole() throws Exception {
        Path file = directory.resolve("cpu.pb.gz");
        Run run = run(true, 80, "pprof", "--from", FROM, "--to", TO, "-o", file.toString());
        assertThat(run.exit).as(run.err).isZero();
        assertThat(run.out).isEmpty();
        assertThat(run.err).startsWith("emberscope query: " + file + ": ").endsWith(" bytes\n");
        assertThat(
                        total(
                                PprofReader.read(Files.readAllBytes(file), IngestLimits.DEFAULT)
                                        .getFirst()))
                .isEqualTo(1_000_000_000);
    }

    private static long total(MergedProfile profile) {
        return profile.total();
    }

    @Test
    void pprofIsNotWrittenToATerminal() {
        Run run = run(true, 80, "pprof");
        assertThat(run.exit).isEqualTo(2);
        assertThat(run.err).contains("pprof: a file for other programs (expected: --output FILE");
    }

    @Test
    void otherFormsAreSavedByTheNameOfTheFile() throws Exception {
        Path csv = directory.resolve("top.csv");
        assertThat(run(true, 80, "top", "--from", FROM, "--to", TO, "-o", csv.toString()).exit)
                .isZero();
        assertThat(csv)
                .hasContent(
                        """
                        self_nanoseconds,total_nanoseconds,function,binary,kind
                        600000000,600000000,"work","/usr/bin/web","native"
                        300000000,300000000,"rest","/usr/bin/web","native"
                        100000000,100000000,"do_syscall_64","[kernel]","kernel"
                        0,1000000000,"main","/usr/bin/web","native"
                        """);
        Path folded = directory.resolve("all.folded");
        run(true, 80, "flamegraph", "--from", FROM, "--to", TO, "-o", folded.toString());
        assertThat(folded)
                .hasContent(
                        """
                        main;work 600000000
                        main;rest 300000000
                        main;do_syscall_64 100000000
                        """);
        Path json = directory.resolve("all.json");
        run(true, 80, "flamegraph", "--from", FROM, "--to", TO, "-o", json.toString());
        assertThat(json).content().startsWith("{\"type\":\"process_cpu:");
        Path tree = directory.resolve("tree.txt");
        run(true, 80, "flamegraph", "--from", FROM, "--to", TO, "-o", tree.toString());
        assertThat(tree).content().startsWith("100.0%  all  1.00s\n").doesNotContain("\u001b");
    }

    @Test
    void nothingFoundIsSaid() {
        Run run = run(false, 80, "top", "-s", "{service_name=\"none\"}");
        assertThat(run.exit).isZero();
        assertThat(run.out).startsWith("0ns in all, 0 functions");
        assertThat(run.err)
                .isEqualTo(
                        "emberscope query: no samples match; look further back with --from, or"
                                + " with another --selector or --type\n");
    }

    @Test
    void ofNothingNoQualityIsTold() {
        Run run = run(false, 80, "quality", "-s", "{service_name=\"none\"}");
        assertThat(run.exit).isZero();
        assertThat(run.out).isEmpty();
        assertThat(run.err).startsWith("emberscope query: no samples match; ");
    }

    @Test
    void aTypeMayBeGivenByItsName() {
        String[] time = {"--from", "2026-01-01T02:00:00Z", "--to", "2026-01-01T03:00:00Z"};
        assertThat(ofType("off_cpu", time).out).startsWith("700ms in all, 1 functions");
        assertThat(ofType("memory:inuse_space:bytes::", time).out).startsWith("4.88KiB in all");
        String all =
                "memory:alloc_space:bytes:: memory:inuse_space:bytes::"
                        + " off_cpu:off_cpu:nanoseconds::";
        Run several = ofType("memory", time);
        assertThat(several.exit).isEqualTo(1);
        assertThat(several.out).isEmpty();
        assertThat(several.err)
                .isEqualTo(
                        "emberscope query: --type: memory is the name of several types (expected:"
                                + " one of "
                                + all
                                + ")\n");
        assertThat(ofType("off", time).err)
                .isEqualTo(
                        "emberscope query: --type: off is no type here (expected: one of "
                                + all
                                + ")\n");
        assertThat(ofType("off_cpu").err)
                .contains("--type: off_cpu is no type here", "look further back with --from");
    }

    private static Run ofType(String type, String... time) {
        List<String> arguments = new ArrayList<>(List.of("top", "--type", type));
        arguments.addAll(List.of(time));
        return run(false, 80, arguments.toArray(String[]::new));
    }

    /// Two hours after [Profiles#cpu], 700 ms off the CPU, and two types of memory.
    private static ProfileBatch otherTypes() {
        Frame frame = Profiles.cut().frames().getFirst();
        List<Profile> profiles = new ArrayList<>();
        profiles.add(profile(ProfileType.OFF_CPU, 700_000_000));
        for (String sampleType : List.of("inuse_space", "alloc_space")) {
            profiles.add(profile(ProfileType.of(sampleType, "bytes", "", ""), 5_000));
        }
        return new ProfileBatch(List.of(frame), List.of(new int[] {0}), profiles);
    }

    private static Profile profile(ProfileType type, long value) {
        return new Profile(
                new Series(type, Labels.of("service_name", "others")),
                Profiles.START_NANOS + 7_200_000_000_000L,
                Profiles.WINDOW_NANOS,
                0,
                new int[] {0},
                new long[] {value});
    }

    @Test
    void theServersWordsArePassedOn() {
        Run run = run(false, 80, "top", "--from", "yesterday");
        assertThat(run.exit).isEqualTo(1);
        assertThat(run.err)
                .isEqualTo(
                        "emberscope query: from: \"yesterday\" (expected: RFC 3339, epoch"
                                + " milliseconds, now or now-15m)\n");
        assertThat(run(false, 80, "top", "-s", "{x").err).startsWith("emberscope query: selector");
    }

    @Test
    void aServerThatIsNotThereIsSaid() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Run run = run(false, 80, "top", "--server", "http://127.0.0.1:" + port);
        assertThat(run.exit).isEqualTo(3);
        assertThat(run.err)
                .contains("no server at http://127.0.0.1:" + port)
                .contains("./emberscope up", "--server URL");
    }

    @Test
    void theServerMayComeFromTheEnvironment() {
        Run run =
                bare(
                        Map.of("EMBERSCOPE_SERVER", server.uri() + "/"),
                        false,
                        80,
                        List.of("top", "--from", FROM, "--to", TO));
        assertThat(run.exit).as(run.err).isZero();
        assertThat(run.out).contains("work");
    }

    @Test
    void aFileThatCannotBeWrittenIsSaid() {
        Run run = run(false, 80, "top", "-o", directory.resolve("no/such/file").toString());
        assertThat(run.exit).isEqualTo(1);
        assertThat(run.err).contains("--output: ", " cannot be written: ");
    }
}
