package io.emberscope.base.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalDiskTest {
    private final Disk disk = new LocalDisk();

    @TempDir Path directory;

    @Test
    void aFileIsWrittenReadCutAndRenamed() throws Exception {
        Path deep = directory.resolve("a/b/c");
        disk.createDirectories(deep);
        disk.createDirectories(deep);
        try (DiskFile file = disk.create(deep.resolve("x"))) {
            file.append(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
            file.truncate(3);
            file.append(ByteBuffer.wrap(new byte[] {9}));
            file.force();
            assertThat(file.size()).isEqualTo(4);
            ByteBuffer read = ByteBuffer.allocate(8);
            assertThat(file.read(read, 1)).isEqualTo(3);
            assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(new byte[] {2, 3, 9}));
        }
        disk.rename(deep.resolve("x"), deep.resolve("y"));
        disk.forceDirectory(deep);
        assertThat(disk.list(deep)).containsExactly(deep.resolve("y"));
        assertThat(disk.read(deep.resolve("y"), 4)).containsExactly(1, 2, 3, 9);
        assertThatThrownBy(() -> disk.read(deep.resolve("y"), 3))
                .hasMessageContaining("4 bytes (expected: at most 3)");
        disk.delete(deep.resolve("y"));
        disk.delete(deep.resolve("y"));
        assertThat(disk.list(deep)).isEmpty();
        assertThat(disk.list(deep.resolve("nowhere"))).isEmpty();
        assertThat(disk.usableBytes(deep)).isPositive();
        assertThatThrownBy(() -> disk.usableBytes(deep.resolve("nowhere")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aFileThatDoesNotKnowItsSizeIsReadToItsEnd() throws Exception {
        Path limits = Path.of("/proc/self/limits");
        assertThat(Files.size(limits)).isZero();
        byte[] bytes = disk.read(limits, 1 << 20);
        assertThat(new String(bytes, StandardCharsets.US_ASCII))
                .startsWith("Limit ")
                .contains("Max realtime timeout");
        assertThat(disk.read(limits, bytes.length)).hasSameSizeAs(bytes);
        assertThatThrownBy(() -> disk.read(limits, bytes.length - 1))
                .hasMessageContaining("longer (expected: at most " + (bytes.length - 1));
        Path empty = Files.createFile(directory.resolve("empty"));
        assertThat(disk.read(empty, 10)).isEmpty();
    }

    @Test
    void aDirectoryIsClaimedOnce() throws Exception {
        DiskLock lock = disk.lock(directory);
        assertThatThrownBy(() -> disk.lock(directory))
                .hasMessage(
                        directory
                                + ": in use by another process (expected: one process at a time)");
        lock.close();
        disk.lock(directory).close();
    }

    /// `/dev/full` fails every write with ENOSPC.
    @Test
    void aPipeIsRefusedAndNotWaitedFor() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        assertThatThrownBy(() -> disk.read(pipe, 10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected: a regular file");
        assertThatThrownBy(() -> disk.read(directory, 10)).isInstanceOf(IOException.class);
    }

    @Test
    void aFullDiskIsToldFromABrokenOne() throws Exception {
        try (DiskFile file = disk.open(Path.of("/dev/full"))) {
            assertThatThrownBy(() -> file.append(ByteBuffer.wrap(new byte[] {1})))
                    .isInstanceOf(DiskFullException.class)
                    .hasMessage("/dev/full: No space left on device");
        }
    }
}
