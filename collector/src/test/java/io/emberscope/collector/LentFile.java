package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A program on a FUSE file system of `lending_fuse.c`, which answers until it is told not to.
/// Closing it lets everybody go who waits for an answer.
final class LentFile implements AutoCloseable {
    private final Path mounted;
    private final Process server;
    private final BufferedReader out;

    private LentFile(Path mounted, Process server) {
        this.mounted = mounted;
        this.server = server;
        this.out = server.inputReader();
    }

    /// Mounts it in a new directory.
    static LentFile of(CPrograms programs, Path program, Path mounted) throws Exception {
        Path lending = programs.compile("lending_fuse", "lending_fuse");
        Files.createDirectory(mounted);
        LentFile lent = new LentFile(mounted, CPrograms.start(lending, program, mounted));
        try {
            assertThat(lent.out.readLine()).isEqualTo("ready");
            return lent;
        } catch (AssertionError | IOException e) {
            lent.close();
            throw e;
        }
    }

    Path path() {
        return mounted.resolve("lent");
    }

    /// From now on nothing is answered.
    void silence() throws IOException {
        server.outputWriter().append('\n').flush();
        assertThat(out.readLine()).isEqualTo("silent");
    }

    /// Unmounts; what is left mounted cannot be deleted with its directory.
    @Override
    public void close() throws IOException {
        server.outputWriter().close();
        server.onExit().join();
    }
}
