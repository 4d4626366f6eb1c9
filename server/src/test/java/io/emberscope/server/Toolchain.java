package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// Runs compilers, and what looks into their files.
///
/// @param directory in which they run
record Toolchain(Path directory) {
    private static final int PATIENCE_SECONDS = 100;

    /// Runs a command, which must end well.
    void run(String... command) throws Exception {
        output(command);
    }

    /// The same; what it prints.
    String output(String... command) throws Exception {
        Path out = Files.createTempFile(directory, "output", "");
        Process process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .redirectOutput(out.toFile())
                        .start();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("%s ends", command[0])
                .isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
        return Files.readString(out);
    }

    /// The build id of a file that is there.
    String buildId(String name) throws Exception {
        try (PathSource source = PathSource.open(directory.resolve(name))) {
            return ElfFile.open(source).buildId().orElseThrow();
        }
    }
}
