package io.emberscope.server.symbols;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.server.edge.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes symbol files of what strangers gave, each in a process of its own with little memory, low
/// priority and a time limit that grows with the file; see [SymbolBuildMain]. One at a time: who
/// calls while it is at work waits, though not without end.
final class SymbolBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(SymbolBuilder.class);

    /// Any file gets so much time, and for each of its megabytes a tenth of a second is usual.
    private static final Duration TIME_MIN = Duration.ofSeconds(30);

    private static final long BYTES_PER_SECOND = 1 << 20;
    private static final int COMPLAINT_BYTES_MAX = 64 << 10;
    private static final int COMPLAINT_CHARS_SHOWN = 2000;

    private static final int ANSWER_BYTES_MAX = 64 << 10;
    private static final int DISK_SHARE = 2;
    private static final int NICENESS = 5;

    private final Disk disk;
    private final Path directory;
    private final Duration timeMax;
    private final long scratchBytesMax;
    private final ReentrantLock turn = new ReentrantLock(true);

    /// What was made.
    ///
    /// @param file the symbol file, in the directory for what comes in
    /// @param units of debug information that were read
    /// @param unitsLeftOut that could not be
    /// @param firstLeftOut why the first of these could not; empty if there is none
    /// @param supplement build id of the file that it refers to and was made without; empty if
    ///   there is none
    record Built(Path file, int units, int unitsLeftOut, String firstLeftOut, String supplement) {}

    /// @param directory for what comes in
    /// @param timeMax for one file
    /// @param scratchBytesMax of sections that are decompressed, for one file
    SymbolBuilder(Disk disk, Path directory, Duration timeMax, long scratchBytesMax) {
        this.disk = disk;
        this.directory = directory;
        this.timeMax = timeMax;
        this.scratchBytesMax = scratchBytesMax;
    }

    /// Makes a symbol file.
    ///
    /// @param input in the directory for what comes in; it may be gone afterwards
    /// @param buildId that it must have; null for any
    /// @param supplement the file that it refers to, if it does; null if there is none
    /// @throws MalformedInputException if it is nothing of which one can be made, or takes more
    ///   memory, time or disk than there is for one
    /// @throws OverCapacityException if those before it take too long
    /// @throws DiskFullException if there is no room
    Built build(Path input, @Nullable String buildId, @Nullable Path supplement)
            throws IOException, OverCapacityException, InterruptedException {
        if (!turn.tryLock(timeMax.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new OverCapacityException(
                    "debug files: too many (expected: one that has its turn within "
                            + timeMax.toSeconds()
                            + " s)",
                    Limits.RETRY_AFTER_UPLOAD);
        }
        try {
            return buildNow(input, buildId, supplement);
        } finally {
            turn.unlock();
        }
    }

    private Built buildNow(Path input, @Nullable String buildId, @Nullable Path supplement)
            throws IOException, InterruptedException {
        String name = input.getFileName() + ".symbols";
        Path target = directory.resolve(name);
        boolean isMade = false;
        try {
            Map<String, String> said = run(input, target, buildId, supplement);
            isMade = true;
            return new Built(
                    target,
                    number(said, SymbolBuildMain.UNITS),
                    number(said, SymbolBuildMain.UNITS_LEFT_OUT),
                    said.getOrDefault(SymbolBuildMain.FIRST_LEFT_OUT, ""),
                    said.getOrDefault(SymbolBuildMain.SUPPLEMENT, ""));
        } finally {
            deleteScratch(name, isMade ? target : null);
        }
    }

    private Map<String, String> run(
            Path input, Path target, @Nullable String buildId, @Nullable Path supplement)
            throws IOException, InterruptedException {
        long scratch = Math.min(scratchBytesMax, disk.usableBytes(directory) / DISK_SHARE);
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=/dev/null",
                        "-XX:-UsePerfData",
                        "-XX:TieredStopAtLevel=1", // the other compiler pays after a minute
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SymbolBuildMain.class.getName(),
                        input.toString(),
                        target.toString(),
                        Long.toString(scratch),
                        buildId == null ? SymbolBuildMain.NONE : buildId,
                        supplement == null ? SymbolBuildMain.NONE : supplement.toString());
        Path complaint = target.resolveSibling(target.getFileName() + ".err");
        Duration time = timeFor(input);
        Process process = start(command, complaint);
        try {
            // It prints less than a pipe holds, so it never waits for us.
            if (!process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new MalformedInputException(
                        "file: not read after " + time.toSeconds() + " s (expected: by then)");
            }
            Map<String, String> said = answer(process.getInputStream());
            String refusal = said.getOrDefault(SymbolBuildMain.REFUSAL, "file: refused");
            int status = process.exitValue();
            if (status == 0) {
                return said;
            }
            throw switch (status) {
                case SymbolBuildMain.REFUSED -> new MalformedInputException(refusal);
                case SymbolBuildMain.DISK_FULL -> new DiskFullException(refusal);
                case SymbolBuildMain.OUT_OF_MEMORY ->
                        new MalformedInputException(
                                "file: more than is read in 256 MiB of memory (expected: less)");
                default -> failed(status, complaint);
            };
        } finally {
            process.destroyForcibly();
            process.waitFor();
        }
    }

    private Duration timeFor(Path input) throws IOException {
        try (DiskFile file = disk.open(input)) {
            Duration time = TIME_MIN.plusSeconds(file.size() / BYTES_PER_SECOND);
            return time.compareTo(timeMax) < 0 ? time : timeMax;
        }
    }

    /// A mistake of ours, or of the machine: nothing that was wrong with the file.
    private IOException failed(int status, Path complaint) {
        String said;
        try {
            said = new String(disk.read(complaint, COMPLAINT_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (IOException e) {
            said = Texts.of(e);
        }
        LOG.error(
                "The reader of debug files ended with status {}: {}",
                status,
                said.substring(0, Math.min(COMPLAINT_CHARS_SHOWN, said.length())));
        return new IOException("reader of debug files: ended with status " + status);
    }

    /// Starts it with low priority, if there is the program for that. The other end of its standard
    /// input closes when we end, however we do, and it ends then too.
    private static Process start(List<String> command, Path complaint) throws IOException {
        List<String> nice = new ArrayList<>(List.of("nice", "-n", Integer.toString(NICENESS)));
        nice.addAll(command);
        try {
            return builder(nice, complaint).start();
        } catch (IOException _) {
            return builder(command, complaint).start();
        }
    }

    private static ProcessBuilder builder(List<String> command, Path complaint) {
        ProcessBuilder builder = new ProcessBuilder(command);
        String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        return builder.redirectError(complaint.toFile());
    }

    private static Map<String, String> answer(InputStream printed) throws IOException {
        Map<String, String> said = new HashMap<>();
        new String(printed.readNBytes(ANSWER_BYTES_MAX), StandardCharsets.UTF_8)
                .lines()
                .forEach(
                        line -> {
                            int at = line.indexOf('=');
                            if (at > 0) {
                                said.put(line.substring(0, at), line.substring(at + 1));
                            }
                        });
        return said;
    }

    private static int number(Map<String, String> said, String name) {
        String text = said.getOrDefault(name, "0");
        return text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : 0;
    }

    /// Deletes what was made beside the target.
    private void deleteScratch(String name, @Nullable Path spared) throws IOException {
        for (Path path : disk.list(directory)) {
            if (path.getFileName().toString().startsWith(name) && !path.equals(spared)) {
                disk.delete(path);
            }
        }
    }
}
