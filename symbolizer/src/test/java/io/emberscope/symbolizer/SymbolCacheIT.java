package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.emberscope.base.disk.LocalDisk;
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
    private SymbolCache cache;
    private Path copy;
    private BinaryKey key;
    private FunctionTable table;
    private PathSource original;

    @BeforeEach
    void copyTheLibrary() throws Exception {
        cache = cache(SymbolCache.Limits.OF_AGENT);
        copy = Files.copy(LIBRARY, directory.resolve("libjvm.so"));
        original = PathSource.open(LIBRARY);
        ElfFile file = ElfFile.open(original);
        table = FunctionTable.read(file, 1_000_000);
        key = new BinaryKey.BuildId(file.buildId().orElseThrow());
    }

    private SymbolCache cache(SymbolCache.Limits limits) {
        SymbolFiles store =
                new SymbolFiles(
                        directory.resolve("symbols"),
                        new LocalDisk(),
                        SymbolFiles.Limits.OF_AGENT,
                        metrics,
                        line -> fail(line));
        return new SymbolCache(store, limits, System::nanoTime, metrics);
    }

    private String name(long offset) {
        return cache.find(key, offset, this::open, true).name();
    }

    private String expected(int index) throws IOException {
        return table.name(index, original);
    }

    private SourceOpener.Opened open() throws IOException {
        return new SourceOpener.Opened(PathSource.open(copy), true);
    }

    @Test
    void aDeletedBinaryKeepsItsNames() throws Exception {
        cache.hold(key, this::open);
        Files.delete(copy);
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            int index = random.nextInt(table.size());
            assertThat(name(table.startOf(index))).isEqualTo(expected(index));
        }
        assertThat(metrics.text()).contains("emberscope_symbolizer_sources_opened_total 1\n");
    }

    @Test
    void aBinaryReplacedByAnUpgradeGivesNoWrongNames() throws Exception {
        assertThat(name(table.startOf(100))).isEqualTo(expected(100));
        Path other = Path.of(System.getProperty("java.home"), "lib/libjava.so");
        Path next = Files.copy(other, directory.resolve("next"));
        Files.move(next, copy, StandardCopyOption.REPLACE_EXISTING);
        assertThat(name(table.startOf(200))).isEqualTo(expected(200));
        // It has a symbol file, which is found without any binary.
        cache.close();
        cache = cache(SymbolCache.Limits.OF_AGENT);
        assertThat(name(table.startOf(300))).isEqualTo(expected(300));
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_sources_opened_total 1\n")
                .contains("emberscope_symbolizer_files_made_total 1\n");
        // Without it the binary would be the wrong one.
        try (Stream<Path> kept = Files.list(directory.resolve("symbols/kept"))) {
            Files.delete(kept.findFirst().orElseThrow());
        }
        cache = cache(SymbolCache.Limits.OF_AGENT);
        assertThat(name(table.startOf(300))).isNull();
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
        try (SymbolCache small = cache(new SymbolCache.Limits(4, 4, 1000, Long.MAX_VALUE))) {
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < files.size(); i++) {
                    Path file = files.get(i);
                    SourceOpener opener =
                            () -> new SourceOpener.Opened(PathSource.open(file), true);
                    BinaryKey key = new BinaryKey.FileIdentity(0, i, 0, 0);
                    small.hold(key, opener);
                    if (round == 2) {
                        small.find(key, 0x5000, opener, true);
                    }
                    // Whoever else opens files in this JVM meanwhile is allowed for.
                    assertThat(openFiles()).isLessThan(before + 4 + 4 + 16);
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
