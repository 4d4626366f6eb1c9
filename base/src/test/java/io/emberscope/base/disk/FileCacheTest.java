package io.emberscope.base.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class FileCacheTest {
    private static final Path DIRECTORY = Path.of("/agent/things");
    private static final Pattern NAMES = Pattern.compile("[a-z]\\.thing");

    private final FaultyDisk disk = new FaultyDisk(1);

    private FileCache open(long bytesMax) throws IOException {
        return new FileCache(DIRECTORY, disk, NAMES, bytesMax);
    }

    private boolean put(FileCache cache, String name, int size) throws IOException {
        Path beside = cache.path("new");
        disk.delete(beside);
        try (DiskFile file = disk.create(beside)) {
            file.append(ByteBuffer.allocate(size));
        }
        return cache.publish(beside, name, size);
    }

    @Test
    void filesAreThereAfterARestart() throws Exception {
        FileCache cache = open(100);
        assertThat(cache.holds("a.thing")).isFalse();
        assertThat(cache.open("a.thing")).isNull();
        assertThat(put(cache, "a.thing", 10)).isTrue();
        assertThat(put(cache, "a.thing", 20)).isTrue(); // in its place
        disk.processKill();
        cache = open(100);
        assertThat(cache.holds("a.thing")).isTrue();
        assertThat(cache.bytes()).isEqualTo(20);
        try (DiskFile file = cache.open("a.thing")) {
            assertThat(file).isNotNull();
            assertThat(file.size()).isEqualTo(20);
        }
        cache.forget("a.thing");
        assertThat(cache.size()).isZero();
        assertThat(cache.bytes()).isZero();
        assertThat(disk.files(DIRECTORY)).isEmpty();
    }

    @Test
    void thoseNotAskedForForLongestGoFirst() throws Exception {
        FileCache cache = open(100);
        put(cache, "a.thing", 40);
        put(cache, "b.thing", 40);
        assertThat(cache.holds("a.thing")).isTrue();
        put(cache, "c.thing", 60);
        assertThat(disk.files(DIRECTORY))
                .containsExactly(DIRECTORY.resolve("a.thing"), DIRECTORY.resolve("c.thing"));
        assertThat(put(cache, "d.thing", 101)).isFalse(); // for which there is never room
        assertThat(cache.bytes()).isEqualTo(100);
        assertThat(disk.files(DIRECTORY)).hasSize(2);
        assertThat(open(50).size()).isZero(); // with less room than before
    }

    @Test
    void whatElseIsThereIsRemovedAtTheBeginning() throws Exception {
        put(open(100), "a.thing", 10);
        disk.put(DIRECTORY.resolve("a.thing.tmp"), new byte[5]);
        disk.put(DIRECTORY.resolve("notes"), new byte[5]);
        assertThat(open(100).bytes()).isEqualTo(10);
        assertThat(disk.files(DIRECTORY)).containsExactly(DIRECTORY.resolve("a.thing"));
    }

    @Test
    void aFileThatIsGoneIsForgotten() throws Exception {
        FileCache cache = open(100);
        put(cache, "a.thing", 10);
        disk.delete(DIRECTORY.resolve("a.thing"));
        assertThat(cache.open("a.thing")).isNull();
        assertThat(cache.bytes()).isZero();
        assertThatThrownBy(() -> cache.publish(cache.path("nothing"), "b.thing", 10))
                .isInstanceOf(IOException.class);
        assertThat(cache.holds("b.thing")).isFalse();
    }
}
