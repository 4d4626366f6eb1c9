package io.emberscope.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// Runs compilers, and what looks into their files. Each must end well and in time; if one does
/// not, what it complained of is in the message.
///
/// @param directory in which they run, and which they may write to
public record Tools(Path directory) {
    private static final int PATIENCE_SECONDS = 300;

    /// Runs a command.
    public void run(String... command) throws Exception {
        output(command);
    }

    /// Runs a command.
    ///
    /// @return what it prints
    public String output(String... command) throws Exception {
        Path output = Files.createTempFile(directory, "tool", ".out");
        Path complaint = Files.createTempFile(directory, "tool", ".err");
        Process process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectOutput(output.toFile())
                        .redirectError(complaint.toFile())
                        .start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("%s ends", command[0])
                    .isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s", String.join(" ", command), text(complaint))
                    .isZero();
            return text(output);
        } finally {
            process.destroyForcibly();
            Files.delete(output);
            Files.delete(complaint);
        }
    }

    private static String text(Path file) throws Exception {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
