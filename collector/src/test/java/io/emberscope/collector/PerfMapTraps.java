package io.emberscope.collector;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/// Processes that burn in code of their own, as another user, and what stands where the perf map
/// file of each is looked for. Closing it ends them.
final class PerfMapTraps implements AutoCloseable {
    /// Whose they are; `generated.c` has it too.
    static final int USER = 54_321;

    /// A word that only root may read.
    static final String CANARY = "canary_of_root";

    /// As large as a file says that it is; its disk has nothing of that.
    static final long GIANT_BYTES = 1L << 40;

    /// Of changes of a trap while its process burns; there are thousands.
    private static final int CHANGES_MIN = 100;

    private final Path program;
    private final int millis;
    private final List<Generated> running = new ArrayList<>();
    private final List<Future<Integer>> changing = new ArrayList<>();

    /// Sets one.
    @FunctionalInterface
    interface Trap {
        /// Puts something there.
        ///
        /// @param canary a file of root's with lines that name the process's code by [#CANARY]
        /// @param map where its perf map file is looked for
        void set(Generated process, Path canary, Path map) throws Exception;
    }

    /// Changes one until its process ends.
    @FunctionalInterface
    interface Change {
        /// Returns how often it did.
        int until(Generated process) throws Exception;
    }

    /// @param program `generated.c`
    /// @param millis of CPU time that each burns
    PerfMapTraps(Path program, int millis) {
        this.program = program;
        this.millis = millis;
    }

    /// Starts a process without a perf map file, and sets its trap.
    Generated set(Trap trap) throws Exception {
        return set(millis, trap);
    }

    /// The same, with so many milliseconds of CPU time of its own.
    Generated set(int ownMillis, Trap trap) throws Exception {
        Generated process = keep(Generated.start("", program, ownMillis, "none", "un"));
        trap.set(process, canary(process), process.map());
        return process;
    }

    /// Has a trap changed from now on, on a thread of its own.
    void change(Generated process, Change change) {
        FutureTask<Integer> task = new FutureTask<>(() -> change.until(process));
        Thread.ofPlatform().daemon().start(task);
        changing.add(task);
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

    /// Waits until all have burnt what they should, and fails if a trap was not changed meanwhile.
    void finish() throws Exception {
        for (Generated each : running) {
            assertThat(each.finish().nanos()).isPositive();
        }
        for (Future<Integer> each : changing) {
            System.out.printf("traps: changed %d times%n", each.get());
            assertThat(each.get()).as("changes of a trap").isGreaterThan(CHANGES_MIN);
        }
    }

    /// Writes a file that belongs to the processes' user.
    static void write(Path map, String text) throws IOException {
        give(Files.writeString(map, text, UTF_8));
    }

    private static void give(Path map) throws IOException {
        Files.setAttribute(map, "unix:uid", USER);
    }

    /// A file as it should be, with the names `PREFIX_a` and `PREFIX_b`.
    static Trap names(String prefix) {
        return (process, _, map) -> write(map, lines(process, prefix));
    }

    private static String lines(Generated process, String prefix) {
        return process.lines(prefix + "_a", prefix + "_b");
    }

    static void pipe(Generated process, Path canary, Path map) throws Exception {
        CPrograms.finish(CPrograms.start("mkfifo", "-m", "666", map));
    }

    /// Lines, and nothing behind them for so many bytes.
    static void sparse(Generated process, Path map, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(map.toFile(), "rw")) {
            file.setLength(bytes);
            file.writeBytes(process.lines(CANARY, CANARY));
        }
        give(map); // the last, as some kernels let not even root create it again
    }

    /// Has a file of its own, with [#names(String)] of `own`, and for a moment a link to what it
    /// may not read at one name, by turns.
    static int swap(Generated process) throws Exception {
        Path map = process.map();
        Path own = Path.of(map + ".own");
        Path link = Path.of(map + ".link");
        Path canary = canary(process);
        int count = 0;
        for (; process.isAlive(); count++) {
            Files.createSymbolicLink(link, canary);
            write(own, lines(process, "own"));
            Files.move(link, map, StandardCopyOption.ATOMIC_MOVE);
            Files.move(own, map, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.deleteIfExists(map);
        return count;
    }

    /// Has the file of [#names(String)] of `cut`, which is there, long, and cut while it may be
    /// read, again and again.
    static int cut(Generated process) throws IOException {
        String lines = lines(process, "cut");
        byte[] all = lines.repeat((1 << 20) / lines.length()).getBytes(UTF_8);
        int count = 0;
        try (FileChannel file = FileChannel.open(process.map(), StandardOpenOption.WRITE)) {
            for (; process.isAlive(); count++) {
                file.write(ByteBuffer.wrap(all), 0);
                file.truncate(lines.length() + 1);
                file.truncate(0);
            }
        }
        Files.deleteIfExists(process.map());
        return count;
    }

    @Override
    public void close() throws IOException {
        for (Generated each : running) {
            each.close();
        }
    }
}
