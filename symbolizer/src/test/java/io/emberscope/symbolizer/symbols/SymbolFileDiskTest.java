package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.disk.DiskFullException;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.disk.SimulatedCrash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// Whatever the disk does: the file that there was, or the new one, and nothing beside it.
class SymbolFileDiskTest {
    private static final Path DIRECTORY = CodeModel.TARGET.getParent();
    private static final int SYMBOLS = 20_000; // more than fits into the buffers

    private static void write(FaultyDisk disk, int symbols) throws IOException {
        disk.createDirectories(DIRECTORY);
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, CodeModel.TARGET, "ab", SymbolLimits.OF_SERVER)) {
            for (int i = 0; i < symbols; i++) {
                byte[] name = ("function_" + i * 7919L).getBytes(StandardCharsets.US_ASCII);
                writer.symbol(16L * i, 16L * i + 16, name, 0, name.length);
                writer.row(16L * i, 16L * i + 8, CodeSink.NONE, CodeSink.NONE, i + 1);
            }
            writer.finish();
        }
    }

    private static int symbols(FaultyDisk disk) throws IOException {
        try (SymbolFile file = CodeModel.open(disk.read(CodeModel.TARGET, 1 << 24))) {
            return file.symbols();
        }
    }

    @Test
    void filesBesideAreGoneAfterwards() throws Exception {
        FaultyDisk disk = new FaultyDisk(1);
        write(disk, SYMBOLS);
        assertThat(disk.files(DIRECTORY)).containsExactly(CodeModel.TARGET);
        disk.powerCut();
        assertThat(symbols(disk)).isEqualTo(SYMBOLS);
    }

    @Test
    void aFullDiskLeavesTheOldFile() throws Exception {
        FaultyDisk counted = new FaultyDisk(1);
        write(counted, SYMBOLS);
        long writes = counted.writes();
        assertThat(writes).isGreaterThan(20);
        for (long n = 3; n <= writes; n++) { // the first two are the directory and the old file
            FaultyDisk disk = new FaultyDisk(n);
            write(disk, 1);
            long before = disk.writes();
            disk.fillAt(n - before > 0 ? n - before : n);
            try {
                write(disk, SYMBOLS);
            } catch (DiskFullException e) {
                assertThat(symbols(disk)).isEqualTo(1);
            }
            assertThat(disk.files(DIRECTORY)).containsExactly(CodeModel.TARGET);
        }
    }

    @Test
    void aFailedForceLeavesOneOfTheTwo() throws Exception {
        FaultyDisk counted = new FaultyDisk(1);
        write(counted, 1);
        long before = counted.forces();
        write(counted, SYMBOLS);
        long forces = counted.forces() - before;
        for (long n = 1; n <= forces; n++) {
            FaultyDisk disk = new FaultyDisk(1);
            write(disk, 1);
            disk.failForce(n);
            assertThatThrownBy(() -> write(disk, SYMBOLS)).isInstanceOf(IOException.class);
            // The last is that of the directory, when the new file has its name.
            assertThat(symbols(disk)).isEqualTo(n < forces ? 1 : SYMBOLS);
            assertThat(disk.files(DIRECTORY)).containsExactly(CodeModel.TARGET);
        }
    }

    @Test
    void aCrashLeavesOneOfTheTwo() throws Exception {
        FaultyDisk counted = new FaultyDisk(1);
        write(counted, 1);
        long before = counted.operations();
        write(counted, SYMBOLS);
        long operations = counted.operations() - before;
        for (long n = 1; n <= operations; n++) {
            FaultyDisk disk = new FaultyDisk(n);
            write(disk, 1);
            disk.crashAt(n);
            try {
                write(disk, SYMBOLS);
            } catch (SimulatedCrash crash) {
                assertThat(disk.isDead()).isTrue();
            }
            disk.powerCut();
            assertThat(symbols(disk)).isIn(1, SYMBOLS);
            write(disk, 2); // over what was left half written
            assertThat(symbols(disk)).isEqualTo(2);
        }
    }
}
