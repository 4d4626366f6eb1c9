package io.emberscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.server.RunningServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `emberscope debuginfo` with binaries that compilers made, and a real server.
class DebugInfoIT {
    private static final String PROGRAM =
            """
            static inline __attribute__((always_inline)) int hot(int n) {
                return n * n;
            }
            int main(int argc, char **argv) {
                return hot(argc);
            }
            """;

    @TempDir Path directory;
    private RunningServer server;

    private record Run(int exit, String out, String err) {}

    @BeforeEach
    void start() throws IOException {
        server = RunningServer.start(directory.resolve("data"));
        Files.writeString(directory.resolve("program.c"), PROGRAM);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void aStrippedBinaryIsSentWithWhatIsInItsDebugFile() throws Exception {
        compile("gcc", "-g", "-O1", "-Wl,--build-id=0xabcdef0123456789", "-o", "whole");
        command("objcopy", "--only-keep-debug", "whole", "whole.debug");
        command("objcopy", "--strip-all", "--add-gnu-debuglink=whole.debug", "whole", "stripped");
        Run sent = run("upload", directory.resolve("stripped").toString());
        assertThat(sent.err).isEmpty();
        assertThat(sent.exit).isZero();
        assertThat(sent.out)
                .matches(
                        "(?s).*stripped: [1-9][0-9,]* functions; [1-9][0-9,]* places? with a line;.*")
                .contains("of " + directory.toRealPath().resolve("whole.debug"))
                .contains("build id abcdef0123456789");
        assertThat(run("list").out)
                .matches(
                        "(?s)abcdef0123456789 .* functions .* lines +symbols\\+debug_info, uploaded\n");
    }

    @Test
    void splitUnitsAreFoundWhereTheCompilerPutThem() throws Exception {
        compile("clang", "-g", "-gsplit-dwarf", "-O1", "-Wl,--build-id=0xabcdef01", "-o", "split");
        Run sent = run("upload", directory.resolve("split").toString());
        assertThat(sent.exit).as(sent.err).isZero();
        assertThat(sent.out)
                .matches("(?s).* [1-9][0-9,]* places? with a line;.*")
                .doesNotContain("could not be read");
    }

    @Test
    void aLookUpSaysWhatAddr2LineDoes() throws Exception {
        compile("gcc", "-g", "-O1", "-Wl,--build-id", "-o", "program");
        String program = directory.resolve("program").toString();
        Files.writeString(
                directory.resolve("script"),
                "nm "
                        + program
                        + " | sed -n 's/ T main$//p' > address\n"
                        + "addr2line -f -i -e "
                        + program
                        + " $(cat address) > expected\n");
        command("sh", "script");
        String address = Files.readString(directory.resolve("address")).strip();
        String expected = Files.readString(directory.resolve("expected"));
        assertThat(run("lookup", program, address).out)
                .isEqualTo(expected.replaceAll(" \\(discriminator.*", "") + "\n");
        assertThat(run("lookup", program, "0xffffffff").out).isEqualTo("??\n??:0\n\n");
        assertThat(run("lookup", program, "main").err)
                .contains("address: main (expected: hexadecimal digits)");
    }

    @Test
    void oneFileThatCannotBeSentDoesNotKeepTheOthers() throws Exception {
        compile("gcc", "-g", "-Wl,--build-id=none", "-o", "without");
        compile("gcc", "-g0", "-Wl,--build-id=0xabcdef02", "-o", "bare");
        Files.writeString(directory.resolve("text"), "no binary");
        Run sent =
                run(
                        "upload",
                        directory.resolve("text").toString(),
                        directory.resolve("absent").toString(),
                        directory.toString(),
                        directory.resolve("without").toString(),
                        directory.resolve("bare").toString());
        assertThat(sent.exit).isEqualTo(1);
        assertThat(sent.err.lines())
                .satisfiesExactly(
                        line ->
                                assertThat(line)
                                        .contains("text: file: not an ELF file (expected: "),
                        line -> assertThat(line).contains("absent: there is no such file"),
                        line -> assertThat(line).contains("no file (expected: a program"),
                        line -> assertThat(line).contains("without: build id: none (expected: "));
        assertThat(sent.out)
                .contains("bare: ")
                .contains("no debug information, so no inlined functions and no lines");
    }

    /// To open a pipe would wait for somebody who writes into it.
    @Test
    void pipesAndDevicesInThePlaceOfFilesAreNotWaitedFor() throws Exception {
        compile("gcc", "-g", "-O1", "-Wl,--build-id=0xabcdef0124", "-o", "whole");
        command("objcopy", "--only-keep-debug", "whole", "whole.debug");
        command("objcopy", "--strip-debug", "--add-gnu-debuglink=whole.debug", "whole", "linked");
        compile("clang", "-g", "-gsplit-dwarf", "-O1", "-Wl,--build-id=0xabcdef03", "-o", "split");
        List<Path> pipes = new ArrayList<>(List.of(directory.resolve("whole.debug")));
        try (Stream<Path> units = Files.list(directory)) {
            pipes.addAll(units.filter(path -> path.toString().endsWith(".dwo")).toList());
        }
        assertThat(pipes).hasSize(2);
        pipes.add(directory.resolve("pipe"));
        for (Path pipe : pipes) {
            Files.deleteIfExists(pipe);
            command("mkfifo", pipe.toString());
        }
        CompletableFuture<Run> running =
                CompletableFuture.supplyAsync(
                        () ->
                                run(
                                        "upload",
                                        directory.resolve("pipe").toString(),
                                        "/dev/zero",
                                        directory.resolve("linked").toString(),
                                        directory.resolve("split").toString()));
        try {
            Run sent = running.get(60, TimeUnit.SECONDS);
            assertThat(sent.err.lines())
                    .satisfiesExactly(
                            line -> assertThat(line).contains("pipe: no file (expected: a program"),
                            line -> assertThat(line).contains("/dev/zero: no file (expected: "));
            assertThat(sent.out)
                    .contains(
                            "passed over "
                                    + pipes.getFirst().toRealPath()
                                    + ": file: a pipe, device or directory (expected: a regular"
                                    + " file)")
                    .contains("1 unit could not be read (split file ")
                    .contains(".dwo: file: a pipe, device or directory (expected: ");
        } finally {
            for (Path pipe : pipes) {
                // Wakes whoever waits all the same.
                new RandomAccessFile(pipe.toFile(), "rw").close();
            }
        }
    }

    @Test
    void aWrongCommandLineSaysWhatIsRight() throws Exception {
        assertThat(run("upload").err).contains("upload: no file (expected: at least one)");
        assertThat(run("list", "x").err).contains("list: x (expected: no files)");
        assertThat(run().err).contains("debuginfo: nothing (expected: upload, list or lookup)");
        assertThat(run("upload", "--sever=x", "y").err).contains("--sever=x: unknown option");
        assertThat(run("--help").out).contains("usage: emberscope debuginfo upload");
        assertThat(run("list").out).contains("no debug information yet; give some with");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit =
                DebugInfoMain.run(
                        List.of("list", "--server", "http://127.0.0.1:" + port),
                        Map.of(),
                        new PrintStream(new ByteArrayOutputStream()),
                        new PrintStream(err));
        assertThat(exit).isEqualTo(3);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("no server at ");
    }

    private Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit =
                DebugInfoMain.run(
                        List.of(arguments),
                        Map.of("EMBERSCOPE_SERVER", server.uri().toString()),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Run(
                exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private void compile(String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(command));
        all.add("program.c");
        command(all.toArray(String[]::new));
    }

    private void command(String... command) throws Exception {
        Process process =
                new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).as("%s ends", command[0]).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
    }
}
