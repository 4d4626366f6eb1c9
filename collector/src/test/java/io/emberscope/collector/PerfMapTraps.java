package io.emberscope.collector;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// Processes that burn in code of their own, as another user, and what stands where the perf map
/// file of each is looked for. Closing it ends them.
final class PerfMapTraps implements AutoCloseable {
    /// Whose they are; `generated.c` has it too.
    static final int USER = 54_321;

    /// A word that only root may read.
    static final String CANARY = "canary_of_root";

    /// As large as a file says that it is; its disk has nothing of that.
    static final long GIANT_BYTES = 1L << 40;

    private final Path program;
    private final int millis;
    private final List<Generated> running = new ArrayList<>();

    /// Sets one.
    @FunctionalInterface
    interface Trap {
        /// Puts something there.
        ///
        /// @param canary a file of root's with lines that name the process's code by [#CANARY]
        /// @param map where its perf map file is looked for
        void set(Generated process, Path canary, Path map) throws Exception;
    }

    /// @param program `generated.c`
    /// @param millis of CPU time that each burns
    PerfMapTraps(Path program, int millis) {
        this.program = program;
        this.millis = millis;
    }

    /// Starts a process without a perf map file, and sets its trap.
    Generated set(Trap trap) throws Exception {
        Generated process = keep(Generated.start("", program, millis, "none", "un"));
        trap.set(process, canary(process), process.map());
        return process;
    }

    /// Ends a process with the others.
    Generated keep(Generated process) {
        running.add(process);
        return process;
    }

    private static Path canary(Generated process) throws Exception {
        Path canary = Files.createTempFile(Path.of("/tmp"), "emberscope-canary", "");
        // The links stay while their process runs.
        canary.toFile().deleteOnExit();
        Files.setPosixFilePermissions(canary, PosixFilePermissions.fromString("rw-------"));
        return Files.writeString(canary, process.lines(CANARY, CANARY));
    }

    /// Waits until all have burnt what they should.
    void finish() throws Exception {
        for (Generated each : running) {
            assertThat(each.finish().nanos()).isPositive();
        }
    }

    /// Writes a file that belongs to the processes' user.
    static void write(Path map, String text) throws IOException {
        Files.setAttribute(Files.writeString(map, text, UTF_8), "unix:uid", USER);
    }

    static void pipe(Generated process, Path canary, Path map) throws Exception {
        CPrograms.finish(CPrograms.start("mkfifo", "-m", "666", map));
    }

    /// Lines, and nothing behind them for so many bytes.
    static void sparse(Generated process, Path map, long bytes) throws IOException {
        write(map, process.lines(CANARY, CANARY));
        try (RandomAccessFile file = new RandomAccessFile(map.toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    /// Has a file of its own and a link to what it may not read at one name, by turns, until the
    /// process ends.
    static void swap(Generated process) {
        try {
            Path map = process.map();
            Path own = Path.of(map + ".own");
            Path link = Path.of(map + ".link");
            Path canary = canary(process);
            while (process.isAlive()) {
                write(own, process.lines("own_a", "own_b"));
                Files.move(own, map, StandardCopyOption.ATOMIC_MOVE);
                Files.createSymbolicLink(link, canary);
                Files.move(link, map, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.deleteIfExists(map);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// Has a long file that is cut while it may be read, again and again until the process ends.
    static void cut(Generated process) {
        try {
            String lines = process.lines("cut_a", "cut_b");
            String all = lines.repeat((1 << 20) / lines.length());
            while (process.isAlive()) {
                write(process.map(), all);
                try (RandomAccessFile file = new RandomAccessFile(process.map().toFile(), "rw")) {
                    file.setLength(lines.length() + 1);
                    file.setLength(0);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (Generated each : running) {
            each.close();
        }
    }
}
