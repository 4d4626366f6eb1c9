package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Compiles the C programs beside these tests, with frame pointers.
final class CPrograms {
    private static final long NANOS_PER_TICK = 10_000_000L;
    private static final Path SOURCES = Path.of("src/test/c").toAbsolutePath();

    private final Path directory;

    CPrograms(Path directory) {
        this.directory = directory;
    }

    /// Compiles `source.c` to `name` and returns its path.
    Path compile(String source, String name, String... options) throws Exception {
        Path target = directory.resolve(name);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "gcc",
                                "-O1",
                                "-g0",
                                "-fno-omit-frame-pointer",
                                "-fno-optimize-sibling-calls",
                                "-Wl,--build-id",
                                "-o",
                                target.toString(),
                                SOURCES.resolve(source + ".c").toString()));
        command.addAll(Arrays.asList(options));
        assertThat(run(command)).as("%s", command).isZero();
        return target;
    }

    /// A program that burns in the function `work`. It has a build id of its own, as collectors see
    /// the programs of other tests too.
    Path solo(String name, String work, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of("-DWORK=" + work));
        all.add("-DSALT=" + (name + ' ' + work).hashCode());
        all.addAll(Arrays.asList(options));
        return compile("solo", name, all.toArray(new String[0]));
    }

    /// Runs a command to its end and returns its status.
    static int run(List<String> command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    /// Starts a program.
    static Process start(Object... command) throws IOException {
        List<String> words = new ArrayList<>();
        for (Object word : command) {
            words.add(word.toString());
        }
        return new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /// Waits for a program to end well.
    static void finish(Process process) throws InterruptedException {
        assertThat(process.waitFor()).as("%s", process.info().command()).isZero();
    }

    /// CPU time that a process has had, in nanoseconds, as the kernel counts it: in hundredths of a
    /// second.
    static long cpuNanos(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * NANOS_PER_TICK;
    }

    /// What a file holds, for messages.
    static String text(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }
}
