package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `./emberscope` itself, as a first visitor meets it.
class FrontDoorIT {
    /// Nobody: a user without a name, a group or a home.
    private static final String NOBODY = "64999";

    private static final Map<String, String> AS_BUILT = Map.of("EMBERSCOPE_BUILD", "never");

    @TempDir Path temporary;

    @Test
    void scriptsPassShellcheck() throws Exception {
        List<String> command =
                new ArrayList<>(List.of("shellcheck", "-x", "emberscope", ".ci/run"));
        try (Stream<Path> scripts = Files.list(Repository.root().resolve("scripts"))) {
            scripts.filter(script -> script.toString().endsWith(".sh"))
                    .forEach(script -> command.add(Repository.nameOf(script)));
        }
        Run run = Run.of(command.toArray(String[]::new));
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isZero();
    }

    /// Benchmarks in Python are not run by any test; at least they are Python.
    @Test
    void pythonScriptsCompile() throws Exception {
        List<Path> scripts = Repository.files(".py");
        assertThat(scripts).isNotEmpty();
        for (Path script : scripts) {
            Run run =
                    Run.of(
                            "python3",
                            "-c",
                            "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')",
                            script.toString());
            assertThat(run.status()).as("%s", run.out()).isZero();
        }
    }

    @Test
    void helpIsShownWithoutACommandToo() throws Exception {
        Run bare = Run.of("./emberscope");
        Run help = Run.of("./emberscope", "help");
        assertThat(bare.status()).isZero();
        assertThat(bare.out()).isEqualTo(help.out()).contains("Usage: ./emberscope COMMAND");
    }

    @ParameterizedTest
    @ValueSource(strings = {"up", "build", "test", "kernels", "bench", "fmt"})
    void everyCommandTakesHelp(String command) throws Exception {
        Run run = emberscope(AS_BUILT, command, "--help");
        assertThat(run.out()).contains("Usage: ");
        assertThat(run.status()).isZero();
    }

    @Test
    void anUnknownCommandIsRefusedWithTheKnownOnes() throws Exception {
        Run run = Run.of("./emberscope", "upp");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).startsWith("emberscope: unknown command: upp\n").contains("doctor");
    }

    @Test
    void anUnknownOptionIsRefusedWithWhereToLook() throws Exception {
        Run run = Run.of("./emberscope", "up", "--lisen", "x");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out())
                .isEqualTo(
                        """
                        emberscope: up: unknown option: --lisen
                          Try: ./emberscope up --help
                        """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"4040", "localhost", "127.0.0.1:0", "127.0.0.1:65536", "::1:4040", ":1"})
    void anAddressThatIsNoneIsRefused(String address) throws Exception {
        Run run = Run.of("./emberscope", "up", "--listen", address);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).contains("--listen: " + address + " (expected: HOST:PORT");
    }

    @Test
    void itWorksThroughALinkFromAnywhere() throws Exception {
        Path directory = Files.createDirectory(temporary.resolve("a place with spaces"));
        Path link = directory.resolve("ember scope");
        Files.createSymbolicLink(link, Repository.root().resolve("emberscope"));
        Run run = Run.of(directory, Map.of(), List.of(link.toString(), "help"));
        assertThat(run.out()).contains("Usage: ./emberscope COMMAND");
        assertThat(run.status()).isZero();
    }

    @Test
    void aPortThatIsTakenIsSaidToBeAndByWhom() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            Run run = emberscope(AS_BUILT, "up", "--listen", "127.0.0.1:" + port, "--data", "d");
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.out())
                    .contains("127.0.0.1:" + port + " is taken by ")
                    .contains("(process " + ProcessHandle.current().pid() + ")")
                    .contains("--listen 127.0.0.1:" + (port + 1));
        }
    }

    @Test
    void rootKeepsProfilesOnlyWhereNobodyElseCanMoveThem() throws Exception {
        assumeRoot();
        Path open = Files.createDirectory(temporary.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Run run = emberscope(AS_BUILT, "server", "--data", open.resolve("data").toString());
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).contains("--data: " + open + " can be changed by others");
    }

    @Test
    void withoutAJdkItSaysHowToGetOne() throws Exception {
        assumeRoot();
        Run run =
                inOwnMounts(
                        "mount -t tmpfs none /usr/lib/jvm",
                        Map.of("JAVA_HOME", "", "PATH", "/usr/bin:/bin"),
                        "./emberscope build");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out())
                .contains("there is no JDK 25 here")
                .contains("found: no JDK")
                .contains("set JAVA_HOME to its directory");
    }

    @Test
    void withoutRootItPrintsTheExactInstallCommand() throws Exception {
        assumeRoot();
        Path copy = copyOfTheScripts();
        Run run =
                inOwnMounts(
                        // A command that cannot be executed is not there.
                        "mount --bind /dev/null $(readlink -f $(command -v clang))",
                        Map.of(),
                        "setpriv --reuid %s --regid %s --clear-groups '%s/emberscope' build"
                                .formatted(NOBODY, NOBODY, copy));
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out())
                .contains("  clang: compiles the BPF program\n")
                .contains("Run: sudo apt-get install -y --no-install-recommends clang\n");
    }

    @Test
    void whatWasBuiltIsKnownByItsContentNotByItsTime() throws Exception {
        Path copy = copyOfTheScripts();
        Path source = copy.resolve("base/src/main/A.java");
        Path test = copy.resolve("base/src/test/T.java");
        Path built = copy.resolve("base/target/A.class");
        for (Path file : List.of(source, test, built)) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, "1");
        }
        String before = sourcesHash(copy);
        assertThat(before).hasSize(64);

        Files.setLastModifiedTime(source, FileTime.from(Instant.EPOCH));
        Files.writeString(test, "2");
        Files.writeString(built, "2");
        assertThat(sourcesHash(copy)).isEqualTo(before);

        Files.writeString(source, "2");
        String changed = sourcesHash(copy);
        assertThat(changed).isNotEqualTo(before);

        Files.move(source, source.resolveSibling("B.java"));
        assertThat(sourcesHash(copy)).isNotEqualTo(changed);
    }

    @Test
    void aRecordedStartOfAnOlderBuildIsNotUsed() throws Exception {
        Path copy = copyOfTheScripts();
        Path target = Files.createDirectories(copy.resolve("collector/target/lib"));
        Path jar = Files.writeString(target.resolveSibling("emberscope-collector.jar"), "");
        Path library = Files.writeString(target.resolve("a.jar"), "");
        Path cache = Files.writeString(target.resolveSibling("collector.aot"), "");
        Files.setLastModifiedTime(jar, FileTime.from(Instant.EPOCH));
        Files.setLastModifiedTime(library, FileTime.from(Instant.EPOCH));
        assertThat(collectorCommand(copy)).contains("-XX:AOTCache=");
        Files.setLastModifiedTime(library, FileTime.from(Instant.now().plusSeconds(60)));
        assertThat(collectorCommand(copy)).doesNotContain("-XX:AOTCache=");
        Files.setLastModifiedTime(library, FileTime.from(Instant.EPOCH));
        Files.delete(cache);
        assertThat(collectorCommand(copy)).doesNotContain("-XX:AOTCache=");
    }

    private static String collectorCommand(Path checkout) throws Exception {
        String script =
                "ROOT=$PWD JAVA_HOME=/nowhere; . scripts/build.sh; . scripts/run.sh;"
                        + " java_program collector Main; echo \"${PROGRAM[*]}\"";
        Run run = Run.of(checkout, Map.of(), List.of("bash", "-euc", script));
        assertThat(run.status()).as(run.out()).isZero();
        assertThat(run.out()).contains("/nowhere/bin/java").contains("Main");
        return run.out();
    }

    private static Run emberscope(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("./emberscope"));
        command.addAll(List.of(arguments));
        return Run.of(Repository.root(), environment, command);
    }

    /// Runs a command where the file system can be changed without anyone else seeing it.
    private static Run inOwnMounts(String prepare, Map<String, String> environment, String command)
            throws IOException, InterruptedException {
        String script = "set -e; " + prepare + "; exec " + command;
        return Run.of(
                Repository.root(), environment, List.of("unshare", "-m", "bash", "-c", script));
    }

    private static String sourcesHash(Path checkout) throws IOException, InterruptedException {
        String script = "ROOT=$PWD JAVA_HOME=/nowhere; . scripts/build.sh; sources_hash";
        Run run = Run.of(checkout, Map.of(), List.of("bash", "-euc", script));
        assertThat(run.status()).as(run.out()).isZero();
        return run.out().strip();
    }

    private Path copyOfTheScripts() throws IOException, InterruptedException {
        Path copy = Files.createDirectory(temporary.resolve("a copy"));
        Run.of("cp", "-r", "emberscope", "scripts", copy.toString());
        // JUnit's directory is its user's alone.
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
        return copy;
    }

    private static void assumeRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    }
}
