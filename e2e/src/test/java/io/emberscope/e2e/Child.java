package io.emberscope.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A process that a test started. Ends with it, by its process id.
final class Child implements AutoCloseable {
    private static final Duration STOP = Duration.ofSeconds(60);

    private final Process process;
    private final Path output;

    private Child(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /// Starts a program at the root of the checkout; what it prints goes to the file.
    static Child start(Path output, Map<String, String> environment, List<String> command)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(Repository.root().toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().putAll(environment);
        return new Child(builder.start(), output);
    }

    long pid() {
        return process.pid();
    }

    /// The processes below it.
    List<ProcessHandle> descendants() {
        return process.descendants().toList();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// What it has printed so far.
    String out() {
        try {
            return Files.exists(output)
                    ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8)
                    : "";
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Sends a signal by name, such as `STOP`.
    void signal(String name) throws IOException, InterruptedException {
        Run.of("kill", "-" + name, Long.toString(pid()));
    }

    /// Waits for its end.
    ///
    /// @return the exit code
    int await(Duration longest) throws InterruptedException {
        if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("still runs after " + longest + ": " + out());
        }
        return process.exitValue();
    }

    /// Asks it to end with SIGTERM and waits.
    ///
    /// @return the exit code
    int stop() throws InterruptedException {
        process.destroy();
        return await(STOP);
    }

    /// Waits until something is so, and fails if the process ends before or it takes too long.
    void await(String what, Duration longest, BooleanSupplier so) throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        while (!so.getAsBoolean()) {
            if (!isAlive()) {
                throw new AssertionError(what + ": the process ended: " + out());
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + ": not after " + longest + ": " + out());
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /// Ends it with SIGKILL and waits until it is gone.
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
