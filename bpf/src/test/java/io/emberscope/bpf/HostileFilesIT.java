package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.bpf.RefusedFileException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Traps for which [SafeFileIT]'s chroot is too small: file systems that never answer, namespaces,
/// files that are swapped while they are opened.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HostileFilesIT {
    private static final int UID = 54_321;
    private static final String CANARY = "canary of the host";
    private static final String OWN = "its own";

    @TempDir Path host;
    private Path root;
    private Path target;

    @BeforeEach
    void prepare() throws Exception {
        Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(host.resolve("secret"), CANARY);
        Files.setPosixFilePermissions(
                host.resolve("secret"), PosixFilePermissions.fromString("rw-------"));
        root = Files.createDirectory(host.resolve("root"));
        target = Burner.compile("target.c", host);
    }

    private Child startTarget(String mode, Path where) throws Exception {
        return Child.start(target.toString(), mode, where.toString());
    }

    private static Reason refusal(int pid, String path) {
        RefusedFileException refused =
                catchThrowableOfType(
                        RefusedFileException.class,
                        () -> SafeFile.open(pid, path, SafeFileRules.DEFAULT));
        assertThat(refused).as(path).isNotNull();
        return refused.reason();
    }

    private static String content(SafeFile file) throws IOException {
        byte[] bytes = new byte[64];
        int read = file.read(0, bytes, 0, bytes.length);
        return new String(bytes, 0, Math.max(0, read), StandardCharsets.UTF_8);
    }

    @Test
    void aFileSystemThatNeverAnswersIsNotAsked() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "SKIPPED: this kernel has no FUSE");
        Path silent = Files.createDirectory(root.resolve("silent"));
        Files.createSymbolicLink(root.resolve("detour"), Path.of("/silent"));
        Path server = Burner.compile("silent_fuse.c", host);
        try (Child fuse = Child.start(server.toString(), silent.toString());
                Child process = startTarget("chroot", root);
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            try {
                assertThat(fuse.line()).isEqualTo("ready");
                assertThat(process.line()).isEqualTo("ready");
                assertThat(blocksFor(silent)).as("the trap works").isTrue();
                for (String path : List.of("/silent", "/silent/perf-1.map", "/detour/a/b")) {
                    Future<Reason> reason = threads.submit(() -> refusal(process.pid(), path));
                    assertThat(reason.get(20, TimeUnit.SECONDS))
                            .as(path)
                            .isEqualTo(Reason.FILE_SYSTEM);
                }
            } finally {
                // Ends whatever waits for it, so that the test can end too.
                fuse.kill();
                Burner.run(List.of("umount", "-l", silent.toString()));
            }
        }
    }

    /// Whether looking into a directory does not come back within a second.
    private static boolean blocksFor(Path directory) throws Exception {
        Process process =
                new ProcessBuilder("stat", directory.resolve("x").toString())
                        .redirectErrorStream(true)
                        .start();
        try {
            return !process.waitFor(1, TimeUnit.SECONDS);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void filesThatOnlyTheTargetsMountNamespaceHasAreFound() throws Exception {
        Path mounted = Files.createDirectory(host.resolve("mounted"));
        try (Child process = startTarget("mount", mounted)) {
            assertThat(process.line()).isEqualTo("ready");
            assertThat(mounted.resolve("inside")).doesNotExist();
            try (SafeFile file =
                    SafeFile.open(process.pid(), mounted + "/inside", SafeFileRules.DEFAULT)) {
                assertThat(content(file)).isEqualTo(OWN);
            }
        }
    }

    @Test
    void memoryThatIsMappedAsAFileIsRead() throws Exception {
        try (Child process = startTarget("memory", host)) {
            String line = process.line();
            assertThat(line).endsWith(" ready");
            long start = Long.decode(line.substring(0, line.indexOf(' ')));
            try (SafeFile file =
                    SafeFile.openMapFile(
                            process.pid(), start, start + 4096, SafeFileRules.DEFAULT)) {
                assertThat(content(file)).isEqualTo(OWN);
            }
            RefusedFileException refused =
                    catchThrowableOfType(
                            RefusedFileException.class,
                            () ->
                                    SafeFile.openMapFile(
                                            process.pid(),
                                            start,
                                            start + 8192,
                                            SafeFileRules.DEFAULT));
            assertThat(refused.reason()).isEqualTo(Reason.NOT_FOUND);
        }
    }

    /// One name is a file of the target, a link to the secret, a hard link to it, a FIFO and
    /// nothing, in quick succession, while it is opened again and again.
    @Test
    void aNameThatIsSwappedAllTheTimeNeverGivesTheSecret() throws Exception {
        Path name = root.resolve("perf-1.map");
        AtomicBoolean stop = new AtomicBoolean();
        try (Child process = startTarget("chroot", root);
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            assertThat(process.line()).isEqualTo("ready");
            Future<?> swapping = threads.submit(() -> swap(name, stop));
            int own = 0;
            int refused = 0;
            long end = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            try {
                while (System.nanoTime() < end) {
                    try (SafeFile file =
                            SafeFile.open(process.pid(), "/perf-1.map", SafeFileRules.DEFAULT)) {
                        assertThat(content(file)).isEqualTo(OWN);
                        own++;
                    } catch (RefusedFileException _) {
                        refused++;
                    }
                }
            } finally {
                stop.set(true);
            }
            swapping.get();
            assertThat(own).isGreaterThan(10);
            assertThat(refused).isGreaterThan(10);
        }
    }

    private Void swap(Path name, AtomicBoolean stop) throws Exception {
        Path own = host.resolve("own");
        Files.writeString(own, OWN);
        Files.setAttribute(own, "unix:uid", UID);
        Path fifo = host.resolve("fifo");
        Burner.run(List.of("mkfifo", fifo.toString()));
        Path next = host.resolve("next");
        for (int i = 0; !stop.get(); i++) {
            switch (i % 4) {
                case 0 -> Files.createLink(next, own);
                case 1 -> Files.createSymbolicLink(next, host.resolve("secret"));
                case 2 -> Files.createLink(next, host.resolve("secret"));
                default -> Files.createLink(next, fifo);
            }
            Files.move(next, name, StandardCopyOption.ATOMIC_MOVE);
            // A rename onto another link to the same file does nothing at all.
            Files.deleteIfExists(next);
        }
        return null;
    }

    @Test
    void oddNamesAreOnlyNames() throws Exception {
        try (Child process = startTarget("chroot", root)) {
            assertThat(process.line()).isEqualTo("ready");
            for (String name : List.of("a\nb", "\u0001\u007f", " ", "...", "[vdso]", "%s%n")) {
                Path file = root.resolve(name);
                Files.writeString(file, OWN);
                Files.setAttribute(file, "unix:uid", UID);
                try (SafeFile opened =
                        SafeFile.open(process.pid(), "/" + name, SafeFileRules.DEFAULT)) {
                    assertThat(content(opened)).isEqualTo(OWN);
                }
            }
            assertThat(refusal(process.pid(), "/" + "a".repeat(1 << 20)))
                    .isEqualTo(Reason.BAD_PATH);
            assertThat(refusal(process.pid(), "/" + "a".repeat(300))).isEqualTo(Reason.BAD_PATH);
            assertThat(refusal(process.pid(), "//anon")).isEqualTo(Reason.NOT_FOUND);
            assertThat(refusal(process.pid(), "/")).isEqualTo(Reason.NOT_REGULAR);
            assertThat(refusal(process.pid(), "")).isEqualTo(Reason.BAD_PATH);
            assertThat(refusal(-1, "/a")).isEqualTo(Reason.PROCESS_GONE);
        }
    }
}
