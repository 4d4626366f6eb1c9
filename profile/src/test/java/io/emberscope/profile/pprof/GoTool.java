package io.emberscope.profile.pprof;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The machine's installation of Go (Debian: `golang-go`), whose `go tool pprof` judges what we
/// write.
public final class GoTool {
    private static final List<String> OUTSIDE_PATH =
            List.of("/usr/local/go/bin/go", "/usr/lib/go/bin/go");
    private static final int MINUTES_MAX = 10;

    private final String go;
    private final Path directory;

    private GoTool(String go, Path directory) {
        this.go = go;
        this.directory = directory;
    }

    /// Finds it.
    ///
    /// @param directory where it runs and leaves its files
    /// @throws AssertionError if there is none
    public static GoTool in(Path directory) {
        List<String> candidates = new ArrayList<>();
        for (String part : System.getenv("PATH").split(File.pathSeparator, -1)) {
            candidates.add(part + "/go");
        }
        candidates.addAll(OUTSIDE_PATH);
        String go =
                candidates.stream()
                        .filter(candidate -> new File(candidate).canExecute())
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new AssertionError(
                                                "go: not found (expected: an installation of Go,"
                                                        + " on Debian: apt install golang-go)"));
        return new GoTool(go, directory);
    }

    /// Runs `go` and returns what it prints.
    ///
    /// @throws AssertionError if it fails or does not end
    public String run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(go));
        command.addAll(List.of(arguments));
        return output(command);
    }

    /// The table of all functions in a pprof file, in nanoseconds, with nothing left out.
    public String top(Path file) throws IOException, InterruptedException {
        return table(file, "-functions");
    }

    /// The same of all source lines.
    String lines(Path file) throws IOException, InterruptedException {
        return table(file, "-lines");
    }

    private String table(Path file, String granularity) throws IOException, InterruptedException {
        return run(
                "tool",
                "pprof",
                "-top",
                granularity,
                "-symbolize=none",
                "-unit=ns",
                "-nodecount=1000000",
                "-nodefraction=0",
                "-edgefraction=0",
                file.toString());
    }

    /// Runs another program in the same directory and returns what it prints.
    ///
    /// @throws AssertionError if it fails or does not end
    String output(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "output", ".txt");
        Path errors = Files.createTempFile(directory, "errors", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.redirectOutput(output.toFile()).redirectError(errors.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("GO111MODULE", "off");
        environment.put("GOTOOLCHAIN", "local");
        environment.put("GOFLAGS", "");
        environment.put("PPROF_TMPDIR", directory.toString());
        Process process = builder.start();
        try {
            if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
                throw new AssertionError(command + " still runs: " + Files.readString(errors));
            }
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new AssertionError(command + ": " + Files.readString(errors));
        }
        return Files.readString(output);
    }
}
