package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.unwind.BuildMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableCacheTest {
    private static final String ID = "0123456789abcdef0123456789abcdef01234567";

    @TempDir Path directory;
    private final Metrics metrics = new Metrics();
    private final BuildMemory memory = new BuildMemory.Pool(1 << 20).open();

    private TableCache open(long bytesMax) throws IOException {
        return new TableCache(directory, new LocalDisk(), bytesMax, metrics);
    }

    private static List<int[]> blocks(int... lengths) {
        Random random = new Random(lengths.length);
        return java.util.Arrays.stream(lengths)
                .mapToObj(length -> random.ints(length).toArray())
                .toList();
    }

    @Test
    void aTableSurvivesARestart() throws Exception {
        List<int[]> blocks = blocks(100, 50_000); // in several pieces
        TableCache cache = open(1 << 20);
        assertThat(cache.get(ID, memory)).isNull();
        cache.put(ID, blocks);
        List<int[]> found = open(1 << 20).get(ID, memory);
        assertThat(found).hasSize(2);
        assertThat(found.get(0)).isEqualTo(blocks.get(0));
        assertThat(found.get(1)).isEqualTo(blocks.get(1));
    }

    @Test
    void theLeastRecentlyUsedGoFirst() throws Exception {
        TableCache cache = open(9_000);
        for (int i = 0; i < 4; i++) {
            cache.put("aaaaaaa" + i, blocks(500)); // 2 KB each
        }
        assertThat(cache.get("aaaaaaa0", memory)).isNotNull();
        cache.put("aaaaaaa4", blocks(500));
        assertThat(cache.get("aaaaaaa0", memory)).isNotNull();
        assertThat(cache.get("aaaaaaa1", memory)).isNull();
        assertThat(directory.toFile().list()).hasSize(4);
        cache.put("aaaaaaa5", blocks(5_000)); // larger than all
        assertThat(cache.get("aaaaaaa5", memory)).isNull();
    }

    @Test
    void damagedFilesAreNotUsedAndGo() throws Exception {
        open(1 << 20).put(ID, blocks(50, 60));
        Path file = directory.resolve(ID + ".unwind");
        byte[] whole = Files.readAllBytes(file);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 4;
            Files.write(file, damaged);
            assertThat(open(1 << 20).get(ID, memory)).as("byte %d", i).isNull();
            assertThat(file).doesNotExist();
        }
        for (int length = 0; length < whole.length; length += 7) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThat(open(1 << 20).get(ID, memory)).as("%d bytes", length).isNull();
        }
        Files.write(file, java.util.Arrays.copyOf(whole, whole.length + 1));
        assertThat(open(1 << 20).get(ID, memory)).isNull();
        long damages = whole.length + (whole.length + 6) / 7 + 1L;
        assertThat(metrics.text()).contains("unwind_cache_damaged_total " + damages);
    }

    @Test
    void whatIsLargerThanMemoryIsNotRead() throws Exception {
        open(1 << 20).put(ID, blocks(1000, 1000));
        BuildMemory little = new BuildMemory.Pool(7_999).open();
        assertThat(open(1 << 20).get(ID, little)).isNull();
        // It is still there for when there is more.
        little = new BuildMemory.Pool(8_000).open();
        assertThat(open(1 << 20).get(ID, little)).hasSize(2);
    }

    @Test
    void whatIsNoTableIsRemoved() throws Exception {
        Files.writeString(directory.resolve(ID + ".unwind.tmp"), "half");
        Files.writeString(directory.resolve("notes"), "x");
        open(1 << 20);
        assertThat(directory.toFile().list()).isEmpty();
    }

    @Test
    void namesThatAreNoBuildIdsAreNotWritten() throws Exception {
        TableCache cache = open(1 << 20);
        cache.put("../../etc/passwd", blocks(10));
        cache.put("ABCDEF0123", blocks(10));
        assertThat(directory.toFile().list()).isEmpty();
    }
}
