package io.emberscope.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Compiles the programs under `src/test/c`, with frame pointers.
final class CProgram {
    private CProgram() {}

    /// Compiles `name.c` to `directory/as`.
    static Path compile(String name, Path directory, String as)
            throws IOException, InterruptedException {
        Path program = directory.resolve(as);
        Path source = Repository.root().resolve("e2e/src/test/c/" + name + ".c");
        Run run =
                Run.of(
                        directory,
                        Map.of(),
                        List.of(
                                "gcc",
                                "-O1",
                                "-fno-omit-frame-pointer",
                                "-fno-shrink-wrap",
                                "-fno-optimize-sibling-calls",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "-pthread",
                                "-o",
                                program.toString(),
                                source.toString()));
        assertThat(run.status()).as(run.out()).isZero();
        return program;
    }
}
