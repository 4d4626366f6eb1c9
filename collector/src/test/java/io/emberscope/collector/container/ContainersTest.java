package io.emberscope.collector.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.collector.primitive.LongMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContainersTest {
    private static final String ID =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static final String UID = "6f3c1e52-0b7a-4d58-9a3e-2f1d0c9b8a76";

    @Test
    void unifiedHierarchyWinsInTheProcFile() {
        String text =
                "12:memory:/docker/"
                        + "f".repeat(64)
                        + "\n1:name=systemd:/x\n0::/kubepods/pod"
                        + UID
                        + '/'
                        + ID
                        + '\n';
        assertThat(Containers.ofProcFile(text)).isEqualTo(new Container(ID, UID));
    }

    @Test
    void olderHierarchiesAreReadWhereTheUnifiedOneKnowsNothing() {
        String text = "5:cpu,cpuacct:/docker/" + ID + "\n0::/system.slice/docker.service\n";
        assertThat(Containers.ofProcFile(text)).isEqualTo(new Container(ID, ""));
        assertThat(Containers.ofProcFile("0::/\n")).isSameAs(Container.NONE);
        assertThat(Containers.ofProcFile("")).isSameAs(Container.NONE);
        assertThat(Containers.ofProcFile(null)).isSameAs(Container.NONE);
    }

    @Test
    void walkFindsContainersAtAnyDepthAndLeavesOutTheRest(@TempDir Path root) throws IOException {
        Path group = root.resolve("kubepods/burstable/pod" + UID + '/' + ID);
        Files.createDirectories(group.resolve("nested"));
        Files.createDirectories(root.resolve("user.slice"));
        LongMap<Container> found =
                CgroupScan.run(
                        root.toString(),
                        directory -> (Long) Files.getAttribute(Path.of(directory), "unix:ino"));

        Containers containers = new Containers();
        containers.learn(found);
        assertThat(found.size()).isEqualTo(3);
        assertThat(containers.of(inode(group))).isEqualTo(new Container(ID, UID));
        assertThat(containers.of(inode(group.resolve("nested")))).isEqualTo(new Container(ID, UID));
        assertThat(containers.of(inode(root.resolve("user.slice")))).isSameAs(Container.NONE);
    }

    @Test
    void eventsTeachNewGroupsAndLossAsksForAWalk() {
        Containers containers = new Containers();
        containers.put(7, "/docker/" + ID);
        assertThat(containers.of(7)).isEqualTo(new Container(ID, ""));
        containers.put(7, "/reused");
        assertThat(containers.of(7)).isSameAs(Container.NONE);
        assertThat(containers.scanWanted()).isFalse();
        containers.eventsLost();
        assertThat(containers.scanWanted()).isTrue();
        containers.learn(new LongMap<>());
        assertThat(containers.scanWanted()).isFalse();
    }

    @Test
    void hierarchyIsTheUnifiedOneUnlessOnlyAnOlderOneHasContainers(@TempDir Path root)
            throws IOException {
        Path table = root.resolve("mountinfo");
        Path unified = Files.createDirectories(root.resolve("unified"));
        Path memory = Files.createDirectories(root.resolve("memory"));
        String old = "30 24 0:27 / " + memory + " rw shared:3 - cgroup cgroup rw,memory\n";
        String two = "33 24 0:30 / " + unified + " rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        CgroupScan.Ids ids = directory -> inode(Path.of(directory));

        Files.writeString(table, two);
        assertThat(Hierarchy.isOnlyUnified(table.toString())).isTrue();
        assertThat(Hierarchy.choose(table.toString(), ids))
                .isEqualTo(new Hierarchy(Hierarchy.Kind.UNIFIED, unified.toString()));
        Files.writeString(table, old + two);
        assertThat(Hierarchy.isOnlyUnified(table.toString())).isFalse();
        assertThat(Hierarchy.choose(table.toString(), ids).kind())
                .isEqualTo(Hierarchy.Kind.UNIFIED);
        Files.createDirectories(memory.resolve("docker/" + ID));
        assertThat(Hierarchy.choose(table.toString(), ids))
                .isEqualTo(new Hierarchy(Hierarchy.Kind.V1_MEMORY, memory.toString()));
        Files.createDirectories(unified.resolve("docker/" + ID));
        assertThat(Hierarchy.choose(table.toString(), ids).kind())
                .isEqualTo(Hierarchy.Kind.UNIFIED);
        Files.writeString(table, old.replace("memory\n", "cpuacct,cpu\n"));
        assertThat(Hierarchy.choose(table.toString(), ids).kind()).isEqualTo(Hierarchy.Kind.V1_CPU);
        Files.writeString(table, "24 1 0:22 / /sys rw - sysfs sysfs rw\n");
        assertThat(Hierarchy.choose(table.toString(), ids).kind()).isEqualTo(Hierarchy.Kind.NONE);
    }

    private static long inode(Path path) throws IOException {
        return (Long) Files.getAttribute(path, "unix:ino");
    }
}
