package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.emberscope.bpf.RefusedFileException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Files that a profiled process may set as traps. The target runs as another user in a root of its
/// own; the secret is a file of the host, outside that root, which only root may read.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SafeFileIT {
    private static final int UID = 54_321;
    private static final String SECRET = "canary of the host";

    @TempDir Path host;
    private Path root;
    private Process target;

    @BeforeEach
    void startTarget() throws Exception {
        Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(host.resolve("secret"), SECRET);
        Files.setPosixFilePermissions(
                host.resolve("secret"), PosixFilePermissions.fromString("rw-------"));
        root = Files.createDirectory(host.resolve("root"));
        Files.createDirectory(root.resolve("tmp"));
        Path source = host.resolve("target.c");
        Files.writeString(
                source,
                """
                #include <stdio.h>
                #include <stdlib.h>
                #include <unistd.h>
                int main(int argc, char **argv)
                {
                    if (chroot(argv[1]) || chdir("/") || setgid(54321) || setuid(54321))
                        return 1;
                    puts("ready");
                    fflush(stdout);
                    sleep(120);
                    return 0;
                }
                """);
        Path binary = host.resolve("target");
        Burner.run(List.of("cc", "-o", binary.toString(), source.toString()));
        target = new ProcessBuilder(binary.toString(), root.toString()).start();
        byte[] ready = target.getInputStream().readNBytes(6);
        assertThat(new String(ready, StandardCharsets.UTF_8)).isEqualTo("ready\n");
    }

    @AfterEach
    void endTarget() {
        target.destroyForcibly();
    }

    private int pid() {
        return Math.toIntExact(target.pid());
    }

    private Path own(String name, String content) throws Exception {
        Path file = root.resolve("tmp").resolve(name);
        Files.writeString(file, content);
        Files.setAttribute(file, "unix:uid", UID);
        return file;
    }

    private Reason refusal(String path) {
        return refusal(path, SafeFileRules.DEFAULT);
    }

    private Reason refusal(String path, SafeFileRules rules) {
        RefusedFileException refused =
                catchThrowableOfType(
                        RefusedFileException.class, () -> SafeFile.open(pid(), path, rules));
        assertThat(refused).as(path).isNotNull();
        return refused.reason();
    }

    private static String content(SafeFile file) throws IOException {
        byte[] bytes = new byte[(int) file.size()];
        int read = file.read(0, bytes, 0, bytes.length);
        return new String(bytes, 0, Math.max(read, 0), StandardCharsets.UTF_8);
    }

    @Test
    void aFileThatIsWrittenToIsKnownToHaveChanged() throws Exception {
        Path own = own("file", "before");
        try (SafeFile file = SafeFile.open(pid(), "/tmp/file", SafeFileRules.DEFAULT)) {
            assertThat(file.hasChanged()).isFalse();
            Files.writeString(own, "behind"); // as long
            // Kernels before Linux 6.13 tell times of a few milliseconds only.
            Files.setLastModifiedTime(own, FileTime.fromMillis(1));
            assertThat(file.hasChanged()).isTrue();
        }
        try (SafeFile file = SafeFile.open(pid(), "/tmp/file", SafeFileRules.DEFAULT)) {
            Files.delete(own);
            assertThat(file.hasChanged()).isFalse();
        }
    }

    @Test
    void aFileOfTheTargetIsReadAsTheTargetSeesIt() throws Exception {
        own("perf-1.map", "its own");
        try (SafeFile file = SafeFile.open(pid(), "/tmp/perf-1.map", SafeFileRules.DEFAULT)) {
            assertThat(content(file)).isEqualTo("its own");
            assertThat(file.attributes().owner()).isEqualTo(UID);
        }
    }

    @Test
    void linksOnTheWayStayInsideTheRoot() throws Exception {
        own("perf-1.map", "its own");
        Files.createSymbolicLink(root.resolve("away"), Path.of("/tmp"));
        Files.createSymbolicLink(root.resolve("up"), Path.of("../../../../.."));
        try (SafeFile file = SafeFile.open(pid(), "/away/perf-1.map", SafeFileRules.DEFAULT)) {
            assertThat(content(file)).isEqualTo("its own");
        }
        assertThat(refusal("/up" + host.resolve("secret"))).isEqualTo(Reason.NOT_FOUND);
        assertThat(refusal("/../../../../.." + host.resolve("secret"))).isEqualTo(Reason.NOT_FOUND);
    }

    @Test
    void linksToTheHostLeadNowhere() throws Exception {
        Files.createSymbolicLink(root.resolve("tmp/perf-1.map"), host.resolve("secret"));
        assertThat(refusal("/tmp/perf-1.map")).isEqualTo(Reason.SYMBOLIC_LINK);
    }

    @Test
    void hardLinksToWhatTheTargetMayNotReadAreRefused() throws Exception {
        Files.createLink(root.resolve("tmp/perf-1.map"), host.resolve("secret"));
        assertThat(refusal("/tmp/perf-1.map")).isEqualTo(Reason.WRONG_OWNER);
    }

    @Test
    void anotherUsersFileIsRefusedUnlessItsIdentityIsCheckedOtherwise() throws Exception {
        Path file = own("perf-1.map", "somebody's");
        Files.setAttribute(file, "unix:uid", UID + 1);
        assertThat(refusal("/tmp/perf-1.map")).isEqualTo(Reason.WRONG_OWNER);
        try (SafeFile opened =
                SafeFile.open(pid(), "/tmp/perf-1.map", SafeFileRules.DEFAULT.ofAnyOwner())) {
            assertThat(content(opened)).isEqualTo("somebody's");
        }
    }

    @Test
    void fifosDevicesAndDirectoriesAreRefusedAtOnce() throws Exception {
        Burner.run(List.of("mkfifo", root.resolve("tmp/fifo").toString()));
        Burner.run(List.of("mknod", root.resolve("tmp/zero").toString(), "c", "1", "5"));
        for (String name : List.of("fifo", "zero")) {
            Files.setAttribute(root.resolve("tmp").resolve(name), "unix:uid", UID);
            assertThat(refusal("/tmp/" + name)).isEqualTo(Reason.NOT_REGULAR);
        }
        assertThat(refusal("/tmp")).isEqualTo(Reason.NOT_REGULAR);
    }

    @Test
    void sparseGiantsAndGreedyReadsAreRefused() throws Exception {
        Path giant = own("giant", "");
        Burner.run(List.of("truncate", "-s", "10G", giant.toString()));
        assertThat(refusal("/tmp/giant")).isEqualTo(Reason.TOO_LARGE);
        own("small", "0123456789");
        try (SafeFile file =
                SafeFile.open(pid(), "/tmp/small", SafeFileRules.DEFAULT.with(10, 15))) {
            assertThat(content(file)).isEqualTo("0123456789");
            assertThatThrownBy(() -> content(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("expected: at most 15 in all");
        }
    }

    @Test
    void fileSystemsThatAreNoStoreAreRefused() throws Exception {
        Path proc = Files.createDirectory(root.resolve("proc"));
        Burner.run(List.of("mount", "-t", "proc", "proc", proc.toString()));
        try {
            assertThat(refusal("/proc/1/environ")).isEqualTo(Reason.FILE_SYSTEM);
            assertThat(refusal("/proc/self/root" + host.resolve("secret")))
                    .isEqualTo(Reason.FILE_SYSTEM);
        } finally {
            Burner.run(List.of("umount", proc.toString()));
        }
    }

    @Test
    void loopsOddPathsAndMissingFilesAreRefused() throws Exception {
        Files.createSymbolicLink(root.resolve("loop"), Path.of("/loop"));
        assertThat(refusal("/loop/x")).isEqualTo(Reason.SYMBOLIC_LINK);
        assertThat(refusal("relative")).isEqualTo(Reason.BAD_PATH);
        assertThat(refusal("/" + "x/".repeat(3_000))).isEqualTo(Reason.BAD_PATH);
        assertThat(refusal("/tmp/a\0b")).isEqualTo(Reason.BAD_PATH);
        assertThat(refusal("/tmp/nothing")).isEqualTo(Reason.NOT_FOUND);
    }

    @Test
    void anotherProcessWithTheSamePidIsNoticed() throws Exception {
        own("perf-1.map", "its own");
        long start = PidFd.startTicks(pid());
        SafeFile.open(pid(), "/tmp/perf-1.map", SafeFileRules.DEFAULT.of(start)).close();
        assertThat(refusal("/tmp/perf-1.map", SafeFileRules.DEFAULT.of(start + 1)))
                .isEqualTo(Reason.PROCESS_GONE);
        target.destroyForcibly().waitFor();
        assertThat(refusal("/tmp/perf-1.map", SafeFileRules.DEFAULT.of(start)))
                .isEqualTo(Reason.PROCESS_GONE);
    }

    @Test
    void aDeletedBinaryIsReadThroughItsMapping() throws Exception {
        Files.delete(host.resolve("target"));
        String maps = Files.readString(Path.of("/proc/" + pid() + "/maps"));
        String line = maps.lines().filter(l -> l.contains("target (deleted)")).findFirst().get();
        String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
        try (SafeFile file =
                SafeFile.openMapFile(
                        pid(),
                        Long.parseUnsignedLong(range[0], 16),
                        Long.parseUnsignedLong(range[1], 16),
                        SafeFileRules.DEFAULT)) {
            byte[] magic = new byte[4];
            assertThat(file.read(0, magic, 0, 4)).isEqualTo(4);
            assertThat(magic).containsExactly(0x7f, 'E', 'L', 'F');
        }
    }

    @Test
    void aFileThatShrinksWhileItIsReadGivesLessAndDoesNotCrash() throws Exception {
        Path path = own("shrinking", "0123456789");
        try (SafeFile file = SafeFile.open(pid(), "/tmp/shrinking", SafeFileRules.DEFAULT)) {
            Files.writeString(path, "01");
            byte[] bytes = new byte[10];
            assertThat(file.read(0, bytes, 0, 10)).isEqualTo(2);
            assertThat(file.read(5, bytes, 0, 5)).isEqualTo(-1);
        }
    }
}
