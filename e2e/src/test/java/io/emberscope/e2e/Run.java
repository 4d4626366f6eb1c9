package io.emberscope.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What a program that was run to its end printed, and its exit code.
///
/// @param status exit code
/// @param out what it wrote to standard output and standard error
record Run(int status, String out) {
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    /// Runs a program with no input, in `directory`.
    ///
    /// @param environment added to this process's own; an empty value takes a variable away
    /// @throws AssertionError if it does not end in time
    static Run of(Path directory, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile("run", ".out");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectInput(
                                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile());
            environment.forEach(
                    (name, value) -> {
                        if (value.isEmpty()) {
                            builder.environment().remove(name);
                        } else {
                            builder.environment().put(name, value);
                        }
                    });
            Process process = builder.start();
            if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError(command + " still runs; so far: " + text(output));
            }
            return new Run(process.exitValue(), text(output));
        } finally {
            Files.deleteIfExists(output);
        }
    }

    /// Runs a program at the root of the checkout.
    static Run of(String... command) throws IOException, InterruptedException {
        return of(Repository.root(), Map.of(), List.of(command));
    }

    private static String text(Path output) throws IOException {
        return new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
    }
}
