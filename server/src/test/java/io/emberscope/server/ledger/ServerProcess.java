package io.emberscope.server.ledger;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A server in a process of its own, which can be killed. Started from the class path of the test.
public final class ServerProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 120;

    private final Process process;
    private final URI uri;

    private ServerProcess(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    /// Starts the process and does not wait until it answers.
    ///
    /// @param log where its standard error is appended
    /// @param flags for the JVM
    /// @param options for the server; it needs `--listen` and `--data`
    public static Process launch(Path log, List<String> flags, List<String> options)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(flags);
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath())));
        command.add("io.emberscope.server.ServerMain");
        command.addAll(options);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /// Flags with which a server that stops cleanly leaves an archive of its classes, and later
    /// ones start in half the time. Empty where directories are on the class path, as in an IDE:
    /// those cannot be archived.
    public static List<String> archive(Path file) {
        if (classPath().stream().anyMatch(entry -> !entry.endsWith(".jar"))) {
            return List.of();
        }
        return List.of(
                "-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + file, "-Xlog:disable");
    }

    private static List<String> classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.contains("test-classes"))
                .toList();
    }

    /// Starts a server and waits until it answers.
    public static ServerProcess start(Path log, List<String> flags, List<String> options)
            throws IOException {
        Process process = launch(log, flags, options);
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String url = out.readLine();
        if (url == null) {
            process.destroyForcibly();
            throw new IOException("the server did not start; see " + log);
        }
        return new ServerProcess(process, URI.create(url));
    }

    /// Where it is reached.
    public URI uri() {
        return uri;
    }

    /// Its process id.
    public long pid() {
        return process.pid();
    }

    /// The most memory that it ever had, in KiB, as the kernel counts it.
    public long peakResidentKib() throws IOException {
        return peakResidentKib(process.pid());
    }

    /// The same of another process.
    public static long peakResidentKib(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }

    /// Whether it runs.
    public boolean isAlive() {
        return process.isAlive();
    }

    /// Ends it as `kill -9` does.
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// Ends it as `kill` does, and waits for it.
    ///
    /// @return its exit code
    public int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the server did not stop in " + PATIENCE_SECONDS + " s");
        }
        return process.exitValue();
    }

    /// The body of an answer that must be 200.
    public String get(String pathAndQuery) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(uri + pathAndQuery).toURL().openConnection();
        connection.setConnectTimeout(PATIENCE_SECONDS * 1000);
        connection.setReadTimeout(PATIENCE_SECONDS * 1000);
        if (connection.getResponseCode() != 200) {
            throw new IOException(pathAndQuery + ": status " + connection.getResponseCode());
        }
        try (InputStream in = connection.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
