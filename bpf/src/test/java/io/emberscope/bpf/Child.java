package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A process that a test starts and ends, and the lines it prints.
final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private Child(Process process) {
        this.process = process;
        this.output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static Child start(String... command) throws IOException {
        return start(List.of(command));
    }

    static Child start(List<String> command) throws IOException {
        return new Child(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /// The command that starts a class of these tests in a JVM of its own.
    static List<String> java(Class<?> main, String... options) {
        List<String> command = new java.util.ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        return command;
    }

    int pid() {
        return Math.toIntExact(process.pid());
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// The next line it prints; fails if it ends instead.
    String line() throws IOException {
        String line = output.readLine();
        assertThat(line).as("a line of process %d", process.pid()).isNotNull();
        return line;
    }

    /// Waits for a good end.
    void end() throws InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
