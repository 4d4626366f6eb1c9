package io.emberscope.collector.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcFilesTest {
    @TempDir Path proc;

    private ProcFiles files = new ProcFiles("", () -> 0);

    @BeforeEach
    void open() throws IOException {
        files = new ProcFiles(proc.toString(), () -> 42);
        Files.createDirectories(proc.resolve("7"));
        write("stat", "7 (a) b (c)) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 3 0 12345 0 0\n");
        write("cgroup", "0::/docker/" + "a".repeat(64) + "\n");
        write("maps", "");
    }

    @Test
    void onlyExecutableMappingsAreTaken() throws IOException {
        write(
                "maps",
                """
                55d0c0000000-55d0c0001000 r--p 00000000 fd:01 1234  /usr/bin/burner
                55d0c0001000-55d0c0002000 r-xp 00001000 fd:01 1234  /usr/bin/burner (deleted)
                7f0000000000-7f0000010000 rwxp 00000000 00:00 0\s
                7f0000020000-7f0000030000 r-xp 00000000 103:0a 99   /tmp/with\\012line and space
                ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
                """);
        Files.createSymbolicLink(proc.resolve("7/exe"), Path.of("/usr/bin/burner (deleted)"));
        Snapshot snapshot = snapshot();
        assertThat(snapshot.size()).isEqualTo(4);
        assertThat(snapshot.start(0)).isEqualTo(0x55d0c0001000L);
        assertThat(snapshot.end(0)).isEqualTo(0x55d0c0002000L);
        assertThat(snapshot.offset(0)).isEqualTo(0x1000);
        assertThat(snapshot.device(0)).isEqualTo(0xfd_0000_0001L);
        assertThat(snapshot.inode(0)).isEqualTo(1234);
        assertThat(snapshot.path(0)).isEqualTo("/usr/bin/burner (deleted)");
        assertThat(snapshot.path(1)).isEmpty();
        assertThat(snapshot.path(2)).isEqualTo("/tmp/with\nline and space");
        assertThat(snapshot.start(3)).isEqualTo(0xffff_ffff_ff60_0000L);
        assertThat(snapshot.executable()).isEqualTo("burner");
        assertThat(snapshot.threads()).isEqualTo(3);
        assertThat(snapshot.takenNanos()).isEqualTo(42);
        assertThat(snapshot.container().id()).hasSize(64);
        assertThat(snapshot.isKernel()).isFalse();
    }

    @Test
    void idInTheInnermostNamespaceAndStartTellWhichProcessItIs() throws IOException {
        write("status", "Name:\ta\\nNSpid:\t1\nTgid:\t7\nNSpid:\t7\t21\t3\nThreads:\t3\n");
        Files.writeString(proc.resolve("uptime"), "123456.78 1000.00\n");
        assertThat(files.identity(7)).isEqualTo(new ProcFiles.Identity(3, 12345));
        assertThat(files.ticksSinceBoot()).isEqualTo(12_345_678);
        write("status", "Name:\ta\n");
        assertThatThrownBy(() -> files.identity(7)).isInstanceOf(IOException.class);
        write("status", "Name:\ta\nNSpid:\t7\tx\n");
        assertThatThrownBy(() -> files.identity(7)).hasMessageContaining("expected: a process id");
        assertThatThrownBy(() -> files.identity(8)).isInstanceOf(IOException.class);
    }

    @Test
    void kernelThreadsAreToldByTheirFlag() throws IOException {
        write("stat", "7 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0\n");
        assertThat(snapshot().isKernel()).isTrue();
    }

    @Test
    void moreMappingsThanTheBoundAreCut() throws IOException {
        StringBuilder maps = new StringBuilder();
        for (int i = 0; i < Mappings.MAPPINGS_MAX + 5; i++) {
            long start = 0x1000L + i * 0x2000L;
            maps.append(Long.toHexString(start)).append('-');
            maps.append(Long.toHexString(start + 0x1000)).append(" r-xp 0 0:1 5 /x\n");
        }
        write("maps", maps.toString());
        Snapshot snapshot = snapshot();
        assertThat(snapshot.size()).isEqualTo(Mappings.MAPPINGS_MAX);
        assertThat(snapshot.isCut()).isTrue();
    }

    @Test
    void hostileTextEndsTheReadingAndNothingElse() throws IOException {
        write("maps", "x".repeat(1 << 20));
        assertThat(snapshot().isCut()).isTrue();
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            Files.write(proc.resolve("7/maps"), bytes);
            snapshot();
            Files.write(proc.resolve("7/stat"), bytes);
            files.snapshot(7, new Paths());
            files.isAlive(7);
            open();
        }
    }

    @Test
    void processThatIsGoneHasNoSnapshot() {
        assertThat(files.snapshot(8, new Paths())).isNull();
        assertThat(files.isAlive(8)).isFalse();
    }

    @Test
    void zombieIsAliveOnlyWhileItHasOtherThreads() throws IOException {
        write("stat", "7 (a) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 2 0 12345 0 0\n");
        assertThat(files.isAlive(7)).isTrue();
        write("stat", "7 (a) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n");
        assertThat(files.isAlive(7)).isFalse();
    }

    @Test
    void memoryIsReadThroughAnotherThreadWhenTheFirstHasEnded() throws IOException {
        write("stat", "7 (a) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 2 0 12345 0 0\n");
        for (int tid = 7; tid <= 9; tid++) {
            Files.createDirectories(proc.resolve("7/task/" + tid));
        }
        write("task/7/stat", "7 (a) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 2 0 12345 0 0\n");
        write("task/8/stat", "8 (a) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 2 0 12345 0 0\n");
        write("task/9/stat", "9 (a) R 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 2 0 12345 0 0\n");
        write("task/9/maps", "1000-2000 r-xp 00000000 00:01 5 /bin/app\n");
        Files.createSymbolicLink(proc.resolve("7/task/9/exe"), Path.of("/bin/app"));
        assertThat(snapshot().size()).isEqualTo(1);
        assertThat(snapshot().executable()).isEqualTo("app");
    }

    @Test
    void processesAreTheEntriesThatAreNumbers() throws IOException {
        Files.createDirectories(proc.resolve("12"));
        Files.createDirectories(proc.resolve("self"));
        Files.createDirectories(proc.resolve("99999999999"));
        assertThat(files.processes()).containsExactlyInAnyOrder(7, 12);
    }

    @Test
    void namesAreCleaned() {
        assertThat(Names.fileName("/a/b\nc\u0007 (deleted)")).isEqualTo("b?c?");
        assertThat(Names.fileName("/" + "x".repeat(5_000))).hasSize(255);
        assertThat(Names.threadName(0x62_61L, 0)).isEqualTo("ab");
        assertThat(Names.threadName(0x6161616161616161L, 0x0a61L)).isEqualTo("aaaaaaaaa?");
    }

    private Snapshot snapshot() {
        Snapshot snapshot = files.snapshot(7, new Paths());
        if (snapshot == null) {
            throw new AssertionError("no snapshot");
        }
        return snapshot;
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(proc.resolve("7").resolve(name), text);
    }
}
