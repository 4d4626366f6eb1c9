package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryGroupTest {
    @TempDir private Path directory;

    private MemoryGroup group(String groups, String mountRoot, String type) throws Exception {
        Files.writeString(directory.resolve("cgroup"), groups);
        Files.writeString(
                directory.resolve("mountinfo"),
                "22 1 8:1 / / rw - ext4 /dev/sda rw\n30 22 0:26 "
                        + mountRoot
                        + " "
                        + directory
                        + "/fs rw,nosuid - "
                        + type
                        + "\n");
        return MemoryGroup.find(directory.toString());
    }

    private void file(String path, String text) throws Exception {
        Path file = directory.resolve("fs").resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void theUnifiedHierarchyTellsUseCacheAndLimit() throws Exception {
        file("agents/one/memory.current", "123456\n");
        file("agents/one/memory.max", "268435456\n");
        file("agents/one/memory.stat", "anon 5\nfile 4096\nfile_mapped 12\n");
        MemoryGroup group = group("0::/agents/one\n", "/", "cgroup2 cgroup2 rw");
        assertThat(group.isKnown()).isTrue();
        assertThat(group.bytes()).isEqualTo(123_456);
        assertThat(group.cacheBytes()).isEqualTo(4096);
        assertThat(group.limitBytes()).isEqualTo(256L << 20);
        file("agents/one/memory.max", "max\n");
        assertThat(group.limitBytes()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void theOlderHierarchyIsTakenIfItHasTheController() throws Exception {
        file("x/memory.usage_in_bytes", "777\n");
        file("x/memory.limit_in_bytes", "9223372036854771712\n");
        file("x/memory.stat", "cache 70\nrss 700\n");
        MemoryGroup group =
                group("5:cpu:/\n4:memory:/x\n0::/\n", "/", "cgroup cgroup rw,nosuid,memory");
        assertThat(group.bytes()).isEqualTo(777);
        assertThat(group.cacheBytes()).isEqualTo(70);
        assertThat(group.limitBytes()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void inAContainerWhatIsMountedIsOurOwn() throws Exception {
        file("memory.current", "55\n");
        assertThat(group("0::/kube/pod/c\n", "/kube/pod/c", "cgroup2 cgroup2 rw").bytes())
                .isEqualTo(55);
        assertThat(group("0::/../other\n", "/", "cgroup2 cgroup2 rw").bytes()).isEqualTo(55);
    }

    @Test
    void whatTellsNothingIsNotKnown() throws Exception {
        assertThat(group("0::/\n", "/", "cgroup2 cgroup2 rw").isKnown()).isFalse();
        assertThat(MemoryGroup.find(directory + "/none").limitBytes()).isEqualTo(Long.MAX_VALUE);
    }
}
