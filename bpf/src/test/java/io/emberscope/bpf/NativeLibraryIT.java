package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The native library comes out of the jar, or says why it cannot.
class NativeLibraryIT {
    @TempDir Path directory;

    /// Loads the library and says how that went.
    static final class Loader {
        public static void main(String[] args) {
            try {
                System.out.println("loaded, " + OwnProcess.capabilities().size());
            } catch (BpfException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void nothingIsLeftOfItOnDisk() throws Exception {
        String said = load(List.of(), "-Djava.io.tmpdir=" + directory);
        assertThat(said).startsWith("loaded");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.filter(f -> f.getFileName().toString().startsWith("emberscope")))
                    .isEmpty();
        }
    }

    @Test
    void aDirectoryThatForbidsExecutionIsNamedWithTheWayOut() throws Exception {
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Path noexec = Files.createDirectory(directory.resolve("noexec"));
        Burner.run(List.of("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", noexec.toString()));
        try {
            String said = load(List.of(), "-Djava.io.tmpdir=" + noexec);
            assertThat(said)
                    .startsWith("native library: ")
                    .contains(noexec + "/emberscope-")
                    .contains("seems to be mounted noexec")
                    .contains("-Demberscope.native.dir=DIR");
            assertThat(
                            load(
                                    List.of(),
                                    "-Djava.io.tmpdir=" + noexec,
                                    "-Demberscope.native.dir=" + elsewhere))
                    .startsWith("loaded");
        } finally {
            Burner.run(List.of("umount", noexec.toString()));
        }
    }

    @Test
    void aDirectoryThatIsNotThereIsNamedWithTheWayOut() throws Exception {
        assertThat(load(List.of(), "-Demberscope.native.dir=" + directory.resolve("nowhere")))
                .startsWith("native library: cannot be copied out of the jar")
                .contains("-Demberscope.native.dir=DIR");
    }

    @Test
    void anInstalledLibraryIsTakenAsItIs() throws Exception {
        Path installed = directory.resolve("libemberscope-bpf.so");
        String resource = "native/" + System.getProperty("os.arch").replace("amd64", "x86_64");
        try (var in = NativeLibrary.class.getResourceAsStream(resource + "/libemberscope-bpf.so")) {
            Files.copy(in, installed);
        }
        assertThat(load(List.of(), "-Demberscope.native.library=" + installed))
                .startsWith("loaded");
    }

    @Test
    void libbpfIsAskedForByItsPackageWhereItIsMissing() throws Exception {
        Path libraries = libraryDirectory();
        Path upper = Files.createDirectory(directory.resolve("upper"));
        Path work = Files.createDirectory(directory.resolve("work"));
        // In a mount namespace of its own, libbpf is gone: a white-out of an overlay.
        Burner.run(List.of("mknod", upper.resolve("libbpf.so.1").toString(), "c", "0", "0"));
        String mount =
                "mount -t overlay overlay -o lowerdir=%s,upperdir=%s,workdir=%s %s"
                        .formatted(libraries, upper, work, libraries);
        assumeTrue(
                succeeds("unshare", "-m", "sh", "-c", mount), "SKIPPED: no overlay can be mounted");
        assertThat(load(List.of("unshare", "-m", "sh", "-c", mount + " && exec \"$@\"", "sh")))
                .startsWith("native library: ")
                .endsWith(
                        "libbpf.so.1: cannot open shared object file: No such file or directory;"
                                + " libbpf is not installed: apt-get install libbpf1");
    }

    private static Path libraryDirectory() throws Exception {
        String cache = Burner.run(List.of("ldconfig", "-p"));
        String line =
                cache.lines().filter(l -> l.contains("libbpf.so.1 ")).findFirst().orElseThrow();
        return Path.of(line.substring(line.indexOf("=> ") + 3)).toRealPath().getParent();
    }

    private static boolean succeeds(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor() == 0;
    }

    /// What the loader prints in a JVM of its own.
    private static String load(List<String> before, String... options) throws Exception {
        List<String> command = new ArrayList<>(before);
        command.addAll(Child.java(Loader.class, options));
        try (Child child = Child.start(command)) {
            return child.line();
        }
    }
}
