package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A C program that burns a known amount of CPU time in a known function.
final class Burner implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    /// First address of the function that burns.
    final long function;

    private Burner(Process process, BufferedReader output, long function) {
        this.process = process;
        this.output = output;
        this.function = function;
    }

    /// Compiles a C file of the tests with frame pointers.
    static Path compile(String source, Path directory, String... flags) throws Exception {
        Path binary = directory.resolve(source.replace(".c", ""));
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "cc",
                                "-O1",
                                "-fno-omit-frame-pointer",
                                "-fno-inline",
                                "-pthread",
                                "-Wl,--build-id",
                                "src/test/c/" + source,
                                "-o",
                                binary.toString()));
        command.addAll(List.of(flags));
        run(command);
        return binary;
    }

    /// What a program prints, if it ends well.
    static String run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", command, out).isZero();
        return out;
    }

    /// The CPU of that number, or another one if there are not so many.
    static String cpu(int number) {
        return Integer.toString(number % Runtime.getRuntime().availableProcessors());
    }

    static Burner start(Path binary, int millis, int cpu) throws IOException {
        return start(List.of(binary.toString(), Integer.toString(millis), cpu(cpu)));
    }

    /// One that does not begin to burn until [#begin].
    static Burner hold(Path binary, int millis, int cpu) throws IOException {
        return start(List.of(binary.toString(), Integer.toString(millis), cpu(cpu), "hold"));
    }

    private static Burner start(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectError(new File("/dev/null")).start();
        BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String address = output.readLine();
        return new Burner(process, output, Long.decode(address));
    }

    void begin() throws IOException {
        process.getOutputStream().close();
    }

    int pid() {
        return Math.toIntExact(process.pid());
    }

    /// Waits for its end and returns the nanoseconds of CPU time it burnt.
    long spentNanos() throws Exception {
        long spent = Long.parseLong(output.readLine());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return spent;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
