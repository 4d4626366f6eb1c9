package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The door with real files: this JVM's own library, and what an upgrade does to it.
@EnabledOnOs(OS.LINUX)
class SymbolCacheIT {
    private static final Path LIBRARY =
            Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");

    @TempDir Path directory;
    private final Metrics metrics = new Metrics();
    private final SymbolCache cache =
            new SymbolCache(SymbolCache.Limits.OF_AGENT, System::nanoTime, metrics);
    private Path copy;
    private BinaryKey key;
    private FunctionTable table;
    private PathSource original;

    @BeforeEach
    void copyTheLibrary() throws Exception {
        copy = Files.copy(LIBRARY, directory.resolve("libjvm.so"));
        original = PathSource.open(LIBRARY);
        ElfFile file = ElfFile.open(original);
        table = FunctionTable.read(file, 1_000_000);
        key = new BinaryKey.BuildId(file.buildId().orElseThrow());
    }

    private String expected(int index) throws IOException {
        return table.name(index, original);
    }

    private PathSource open() throws IOException {
        return PathSource.open(copy);
    }

    @Test
    void aDeletedBinaryKeepsItsNames() throws Exception {
        cache.hold(key, this::open);
        Files.delete(copy);
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            int index = random.nextInt(table.size());
            assertThat(cache.name(key, table.startOf(index), this::open))
                    .isEqualTo(expected(index));
        }
        assertThat(metrics.text()).contains("emberscope_symbolizer_sources_opened_total 1\n");
    }

    @Test
    void aBinaryReplacedByAnUpgradeGivesNoWrongNames() throws Exception {
        assertThat(cache.name(key, table.startOf(100), this::open)).isEqualTo(expected(100));
        Path other = Path.of(System.getProperty("java.home"), "lib/libjava.so");
        Path next = Files.copy(other, directory.resolve("next"));
        Files.move(next, copy, StandardCopyOption.REPLACE_EXISTING);
        // The open file is still the old one.
        assertThat(cache.name(key, table.startOf(200), this::open)).isEqualTo(expected(200));
        cache.close();
        assertThat(cache.name(key, table.startOf(300), this::open)).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"wrong_build_id\"} 1\n");
    }

    @Test
    void manyBinariesKeepWithinTheLimitOfOpenFiles() throws Exception {
        List<Path> files;
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.home"), "lib"))) {
            files = all.filter(Files::isRegularFile).toList();
        }
        int before = openFiles();
        try (SymbolCache small =
                new SymbolCache(
                        new SymbolCache.Limits(1 << 20, 100_000, 4, 1000, Long.MAX_VALUE),
                        System::nanoTime,
                        new Metrics())) {
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < files.size(); i++) {
                    Path file = files.get(i);
                    small.name(
                            new BinaryKey.FileIdentity(0, i, 0, 0),
                            0x5000,
                            () -> PathSource.open(file));
                    // Whoever else opens files in this JVM meanwhile is allowed for.
                    assertThat(openFiles()).isLessThan(before + 4 + 16);
                }
            }
        }
    }

    private static int openFiles() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return (int) all.count();
        }
    }
}
