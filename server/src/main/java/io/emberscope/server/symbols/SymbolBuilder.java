package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
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
import org.jspecify.annotations.Nullable;

/// Makes symbol files of what strangers gave, each in a process of its own with little memory, low
/// priority and a time limit; see [SymbolBuildMain]. One at a time: who calls while it is at work
/// waits.
final class SymbolBuilder {
    private static final int ANSWER_BYTES_MAX = 64 << 10;
    private static final int DISK_SHARE = 2;
    private static final int NICENESS = 10;

    private final Disk disk;
    private final Path directory;
    private final Duration timeMax;
    private final long scratchBytesMax;

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
    synchronized Built build(Path input, @Nullable String buildId, @Nullable Path supplement)
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
        Process process = start(command);
        try {
            // It prints less than a pipe holds, so it never waits for us.
            if (!process.waitFor(timeMax.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new MalformedInputException(
                        "file: not read after " + timeMax.toSeconds() + " s (expected: by then)");
            }
            Map<String, String> said = answer(process.getInputStream());
            if (process.exitValue() == 0) {
                return said;
            }
            throw new MalformedInputException(
                    process.exitValue() == SymbolBuildMain.REFUSED
                            ? said.getOrDefault(SymbolBuildMain.REFUSAL, "file: refused")
                            : "file: more than is read in 256 MiB of memory (expected: less; the"
                                    + " reader ended with status "
                                    + process.exitValue()
                                    + ")");
        } finally {
            process.destroyForcibly();
            process.waitFor();
        }
    }

    /// Starts it with low priority, if there is the program for that. The other end of its standard
    /// input closes when we end, however we do, and it ends then too.
    private static Process start(List<String> command) throws IOException {
        List<String> nice = new ArrayList<>(List.of("nice", "-n", Integer.toString(NICENESS)));
        nice.addAll(command);
        try {
            return builder(nice).start();
        } catch (IOException _) {
            return builder(command).start();
        }
    }

    private static ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        return builder.redirectError(ProcessBuilder.Redirect.DISCARD);
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
