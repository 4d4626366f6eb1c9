package io.emberscope.collector;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file that the kernel may write memory to, as long as this is open.
final class Swap implements AutoCloseable {
    private final Path file;

    private Swap(Path file) {
        this.file = file;
    }

    /// Skips the test where the file system cannot hold one.
    static Swap on(Path file, int mebibytes) throws IOException {
        String path = file.toString();
        run("fallocate", "-l", mebibytes + "M", path);
        run("chmod", "600", path);
        run("mkswap", path);
        boolean isOn = status("swapon", path) == 0;
        if (!isOn) {
            Files.delete(file);
        }
        assumeTrue(isOn, "SKIPPED: swapon " + path + " (expected: a file system that can hold it)");
        return new Swap(file);
    }

    private static int status(String... command) throws IOException {
        return new ProcessBuilder(command).inheritIO().start().onExit().join().exitValue();
    }

    private static void run(String... command) throws IOException {
        if (status(command) != 0) {
            throw new IOException(String.join(" ", command));
        }
    }

    @Override
    public void close() throws IOException {
        run("swapoff", file.toString());
        Files.delete(file);
    }
}
