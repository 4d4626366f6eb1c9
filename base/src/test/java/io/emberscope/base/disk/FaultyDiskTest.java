package io.emberscope.base.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FaultyDiskTest {
    private static final Path DIR = Path.of("/data");
    private static final Path FILE = DIR.resolve("a");

    private static byte[] bytes(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static DiskFile write(Disk disk, Path path, byte[] content) throws IOException {
        DiskFile file = disk.create(path);
        file.append(ByteBuffer.wrap(content));
        return file;
    }

    @Test
    void whatWasForcedIsThereAfterAPowerCut() throws Exception {
        for (int seed = 0; seed < 100; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            write(disk, FILE, bytes(2000, 7)).force();
            disk.forceDirectory(DIR);
            disk.powerCut();
            assertThat(disk.read(FILE, 10_000)).isEqualTo(bytes(2000, 7));
        }
    }

    @Test
    void whatWasNotForcedIsLostTornOrKept() throws Exception {
        Set<String> outcomes = new HashSet<>();
        for (int seed = 0; seed < 300; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            DiskFile file = write(disk, FILE, bytes(512, 1));
            file.force();
            disk.forceDirectory(DIR);
            file.append(ByteBuffer.wrap(bytes(1536, 2)));
            disk.powerCut();
            byte[] left = disk.read(FILE, 10_000);
            assertThat(Arrays.copyOf(left, 512)).isEqualTo(bytes(512, 1));
            int sectors = 0;
            for (int i = 512; i < left.length; i += 512) {
                assertThat(left[i]).isIn((byte) 0, (byte) 2);
                sectors += left[i] == 2 ? 1 << (i / 512) : 0;
            }
            outcomes.add(left.length + ":" + sectors);
        }
        // Nothing; all; the last sector without the others; the length alone.
        assertThat(outcomes).contains("512:0", "2048:14", "2048:8", "2048:0");
    }

    @Test
    void namesAreDurableByTheirDirectoryOnly() throws Exception {
        int lost = 0;
        for (int seed = 0; seed < 100; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            write(disk, FILE, bytes(10, 1)).force();
            disk.powerCut();
            lost += disk.list(DIR).isEmpty() ? 1 : 0;
        }
        assertThat(lost).isBetween(10, 90);
    }

    @Test
    void aRenameIsOldOrNew() throws Exception {
        int renamed = 0;
        for (int seed = 0; seed < 100; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            write(disk, FILE, bytes(10, 1)).force();
            write(disk, DIR.resolve("b"), bytes(10, 2)).force();
            disk.forceDirectory(DIR);
            disk.rename(DIR.resolve("b"), FILE);
            disk.powerCut();
            byte value = disk.read(FILE, 100)[0];
            if (value == 2) {
                renamed++;
                assertThat(disk.list(DIR)).containsExactly(FILE);
            } else {
                assertThat(disk.list(DIR)).containsExactly(FILE, DIR.resolve("b"));
            }
        }
        assertThat(renamed).isBetween(10, 90);
    }

    @Test
    void afterAFailedForceALaterOneSavesNothing() throws Exception {
        int kept = 0;
        for (int seed = 0; seed < 100; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            DiskFile file = disk.create(FILE);
            disk.forceDirectory(DIR);
            file.append(ByteBuffer.wrap(bytes(5120, 3)));
            disk.failForce(1);
            assertThatThrownBy(file::force).hasMessageContaining("Input/output error");
            file.force();
            assertThat(disk.read(FILE, 10_000)).isEqualTo(bytes(5120, 3));
            disk.powerCut();
            kept += Arrays.equals(disk.read(FILE, 10_000), bytes(5120, 3)) ? 1 : 0;
        }
        assertThat(kept).isLessThan(20);
    }

    @Test
    void aKilledProcessLosesNothingButItsHandles() throws Exception {
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(DIR);
        DiskFile file = write(disk, FILE, bytes(700, 1));
        DiskLock lock = disk.lock(DIR);
        assertThatThrownBy(() -> disk.lock(DIR)).hasMessageContaining("in use");
        disk.processKill();
        assertThat(disk.read(FILE, 1000)).isEqualTo(bytes(700, 1));
        assertThatThrownBy(file::force).isInstanceOf(SimulatedCrash.class);
        disk.lock(DIR).close();
        lock.close();
    }

    @Test
    void aCrashStopsEverything() throws Exception {
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(DIR);
        disk.crashAt(2);
        DiskFile file = disk.create(FILE);
        assertThatThrownBy(() -> file.append(ByteBuffer.wrap(bytes(10, 1))))
                .isInstanceOf(SimulatedCrash.class);
        assertThatThrownBy(() -> disk.list(DIR)).isInstanceOf(SimulatedCrash.class);
        disk.powerCut();
        disk.list(DIR);
    }

    @Test
    void aFullDiskTakesAPartAndRecovers() throws Exception {
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(DIR);
        DiskFile file = disk.create(FILE);
        disk.capacity(1000);
        assertThatThrownBy(() -> file.append(ByteBuffer.wrap(bytes(1500, 1))))
                .isInstanceOf(DiskFullException.class);
        assertThat(file.size()).isEqualTo(1000);
        assertThat(disk.usableBytes(DIR)).isZero();
        disk.makeRoom();
        file.append(ByteBuffer.wrap(bytes(500, 1)));
        disk.fillAt(1);
        assertThatThrownBy(() -> disk.create(DIR.resolve("b")))
                .isInstanceOf(DiskFullException.class);
        assertThatThrownBy(() -> disk.open(DIR.resolve("b")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void publishIsAllOrNothing() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            FaultyDisk disk = new FaultyDisk(seed);
            disk.createDirectories(DIR);
            disk.publish(FILE, bytes(600, 1));
            disk.crashAt(1 + seed % 6);
            try {
                disk.publish(FILE, bytes(1500, 2));
            } catch (SimulatedCrash e) {
                // what this test is about
            }
            disk.powerCut();
            byte[] left = disk.read(FILE, 10_000);
            assertThat(left).as("seed %d", seed).isIn(bytes(600, 1), bytes(1500, 2));
        }
    }
}
